"""Texts to tokens and back. Runs in the worker."""

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp

from pillowbook.models.generator.chat_template import Piece


class Vocabulary:
    """Texts to tokens and back."""

    def __init__(self, model: Any) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self.size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))

    def tokenise(self, text: str, *, has_special: bool) -> list[int]:
        """The tokens of a text; special ones only where ``has_special``."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), tokens, room, False, has_special)
        return list(tokens[:count])

    def lay_out(self, pieces: Sequence[Piece]) -> list[int]:
        """The tokens of a prompt, with the begin-of-sequence token in front where the model wants one."""
        tokens = [
            token for piece in pieces for token in self.tokenise(piece.text, has_special=piece.is_template)
        ]
        begin = llama_cpp.llama_vocab_bos(self._vocab)
        if llama_cpp.llama_vocab_get_add_bos(self._vocab) and tokens[:1] != [begin]:
            return [begin, *tokens]
        return tokens

    def is_end(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def piece(self, token: int, *, has_special: bool = False) -> bytes:
        """The bytes a token stands for, perhaps half a character; special ones are empty unless asked for."""
        room = 256
        buffer = ctypes.create_string_buffer(room)
        size = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, room, 0, has_special)
        return buffer.raw[:size] if size > 0 else b""

    def special_text(self, which: str) -> str:
        """The text of the begin (``bos``) or end (``eos``) token, empty without one."""
        token = getattr(llama_cpp, f"llama_vocab_{which}")(self._vocab)
        return self.piece(token, has_special=True).decode("utf-8", "replace") if token >= 0 else ""
