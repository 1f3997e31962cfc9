"""Fit P(right) of an answer: when it is shown, and with what confidence.

Run:  python -m tests.benchmarks.answer_fit collect --data DIR --generator FILE.gguf --embedder DIR --rows ROWS.jsonl
      python -m tests.benchmarks.answer_fit fit --rows ROWS.jsonl [--write resources/measured/answer.json]

DIR is ``squad_vault/dev`` (SQuAD 2.0, CC BY-SA 4.0). ``collect`` answers questions over one half of its articles, and
the project's own sample questions over the sample notes, with the real models; it goes on where it was stopped. ``fit``
needs no model. What ``grounding.py`` and the held-out sample questions are measured on is not in it.
"""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from tests.benchmarks import squad
from tests.benchmarks.answers import is_right, read_cases
from tests.benchmarks.common import add_arguments, add_row, read_rows, real_parts

from pillowbook.answering.compose import Composer
from pillowbook.answering.sureness import FEATURES, FEATURES_READ, Signals
from pillowbook.domain.answers import Effort
from pillowbook.domain.clock import SystemClock
from pillowbook.host.resources import resource

DEADLINE_S = 300.0
RIDGE = 1.0
AGAINST = frozenset({"refusal", "missing"})
"""What speaks against an answer the more there is of it; all else speaks for it."""

MAX_UNDECIDED = 0.0
"""Of the questions the first regression decides alone, at most this share may turn out otherwise by the second."""


def collect(arguments: argparse.Namespace) -> None:
    """Answer every question that has no row yet, and write its signals and whether it was right."""
    known = {row["id"] for row in read_rows(arguments.rows)}
    cases = read_cases(Path(__file__).parents[1] / "data" / "sample_questions.jsonl")
    asked = squad.sample(
        arguments.data, fit=True, answerable=arguments.answerable, unanswerable=arguments.unanswerable
    )
    jobs = [
        ("sample", resource("notes"), [(case.id, case.question, bool(case.accept)) for case in cases]),
        (
            "squad",
            arguments.data / "vault",
            [(one.id, one.question, one.is_answerable) for one in asked],
        ),
    ]
    rights = {case.id: case for case in cases}
    golds = {one.id: one for one in asked}
    for source, folder, questions in jobs:
        todo = [one for one in questions if one[0] not in known]
        if not todo:
            continue
        with (
            tempfile.TemporaryDirectory() as temporary,
            real_parts(
                folder,
                arguments.profile / source if arguments.profile else Path(temporary),
                generator=arguments.generator,
                embedder=arguments.embedder,
            ) as parts,
        ):
            seen: list[tuple[Signals, str]] = []
            composer = Composer(
                generator=parts.generator,
                retriever=parts.retriever,
                clock=SystemClock(),
                on_signals=partial(_keep, seen),
            )
            for key, question, is_answerable in todo:
                seen.clear()
                draft = composer.answer(question, effort=Effort.LIVE, deadline_s=DEADLINE_S)
                answer = seen[0][1] if seen else ""
                if not is_answerable:
                    right = False
                elif source == "squad":
                    right = squad.contains(answer, golds[key].answers)
                else:
                    right = is_right(rights[key], dataclasses.replace(draft, answer=answer))
                row = {
                    "id": key,
                    "source": source,
                    "question": question,
                    "is_answerable": is_answerable,
                    "answer": answer,
                    "right": bool(answer) and right,
                    "refused": draft.checks[0] if not seen else "",
                    "signals": dataclasses.asdict(seen[0][0]) if seen else None,
                    "tokens": draft.tokens.prompt,
                }
                add_row(arguments.rows, row)
                print(source, key, row["right"], is_answerable, row["refused"], answer[:60], flush=True)


def _keep(seen: list[tuple[Signals, str]], signals: Signals, answer: str) -> None:
    seen.append((signals, answer))


def regress(rows: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Ridge logistic regression over standardised features; gives weights for the features as they are.

    Each weight keeps the sign its meaning gives it (``AGAINST``): with a few hundred rows, features that go together
    would else take signs that only fit these rows.
    """
    centre, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    x = np.column_stack([(rows - centre) / spread, np.ones(len(rows))])
    ridge = np.append(np.full(rows.shape[1], RIDGE), 0.0)

    def loss(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ beta
        p = 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))
        value = float(np.logaddexp(0.0, z).sum() - target @ z + 0.5 * (ridge * beta * beta).sum())
        return value, x.T @ (p - target) + ridge * beta

    against = [name in AGAINST for name in FEATURES_READ[: rows.shape[1]]]
    signs = [(None, 0.0) if one else (0.0, None) for one in against]
    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=[*signs, (None, None)])
    weights = found.x[:-1] / spread
    return weights, float(found.x[-1] - (weights * centre).sum())


def predict(weights: NDArray[np.float64], intercept: float, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(rows @ weights + intercept, -30, 30)))


def crossed(rows: NDArray[np.float64], target: NDArray[np.float64], groups: int = 10) -> NDArray[np.float64]:
    """Probabilities each by a fit that has not seen it."""
    out = np.zeros(len(rows))
    fold = np.arange(len(rows)) % groups
    for k in range(groups):
        weights, intercept = regress(rows[fold != k], target[fold != k])
        out[fold == k] = predict(weights, intercept, rows[fold == k])
    return out


def auc(p: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Area under the ROC curve: how often a right answer is given more than a wrong one."""
    good, bad = p[target == 1], p[target == 0]
    return float((good[:, None] > bad[None]).mean() + 0.5 * (good[:, None] == bad[None]).mean())


def calibration(p: NDArray[np.float64], target: NDArray[np.float64]) -> Sequence[str]:
    """Lines: of answers shown at some confidence, how many are right."""
    lines = []
    for low, high in ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.01)):
        chosen = (p >= low) & (p < high)
        if chosen.any():
            lines.append(
                f"  {low:.1f}-{min(1.0, high):.1f}: {chosen.sum():4} answers, said {p[chosen].mean():.2f}, "
                f"right {target[chosen].mean():.2f}"
            )
    return lines


def fit(arguments: argparse.Namespace) -> None:
    """Fit both regressions, choose the bounds between which the units are read again, and print what came of it."""
    rows = read_rows(arguments.rows)
    made = [row for row in rows if row["signals"]]
    signals = [Signals(**row["signals"]) for row in made]
    target = np.array([row["right"] for row in made], dtype=float)
    second = np.array([one.row() for one in signals])
    first = second[:, : len(FEATURES)]
    p_first, p_second = crossed(first, target), crossed(second, target)
    print(f"{len(rows)} questions, {len(made)} answers, {int(target.sum())} right")
    print(f"AUC, crossed: first {auc(p_first, target):.3f}, second {auc(p_second, target):.3f}")
    for name, column in zip(FEATURES_READ, second.T, strict=True):
        print(f"  {name:>10} alone: AUC {max(auc(column, target), auc(-column, target)):.3f}")
    low, high = bounds(p_first, p_second, arguments.threshold)
    decided = ~((p_first > low) & (p_first < high))
    p = np.where(decided, p_first, p_second)
    print(f"decided without reading again: {decided.mean():.0%} (low {low:.2f}, high {high:.2f})")
    for threshold in sorted({0.3, 0.4, 0.5, 0.6, 0.7, arguments.threshold}):
        print(f"threshold {threshold:.2f}: {handled(rows, made, p, threshold)}")
    print("calibration, crossed:", *calibration(p, target), sep="\n")
    if arguments.write:
        stored: dict[str, object] = {
            "what": "logistic regressions P(right) over an answer's signals; 'second': cited units read again",
            "script": "tests/benchmarks/answer_fit.py",
            "fitted_on": "half of the articles of SQuAD 2.0 dev (CC BY-SA 4.0), and the project's sample questions",
            "generator": arguments.model,
            "embedder": "all-MiniLM-L6-v2",
            "answers": len(made),
            "auc_crossed": {
                "first": round(auc(p_first, target), 3),
                "second": round(auc(p_second, target), 3),
            },
            "low": round(low, 3),
            "high": round(high, 3),
            "threshold": arguments.threshold,
        }
        for name, features, matrix in (("first", FEATURES, first), ("second", FEATURES_READ, second)):
            weights, intercept = regress(matrix, target)
            stored[name] = {
                "weights": {f: round(float(w), 4) for f, w in zip(features, weights, strict=True)},
                "intercept": round(intercept, 4),
            }
        arguments.write.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def bounds(
    p_first: NDArray[np.float64], p_second: NDArray[np.float64], threshold: float
) -> tuple[float, float]:
    """The widest outer ranges in which the second regression decides otherwise for at most MAX_UNDECIDED."""
    low, high = 0.0, 1.0
    for candidate in np.arange(0.02, threshold, 0.02):
        below = p_first <= candidate
        if below.any() and (p_second[below] >= threshold).mean() <= MAX_UNDECIDED:
            low = float(candidate)
    for candidate in np.arange(0.98, threshold, -0.02):
        above = p_first >= candidate
        if above.any() and (p_second[above] < threshold).mean() <= MAX_UNDECIDED:
            high = float(candidate)
    return low, high


def handled(rows: list[dict], made: list[dict], p: NDArray[np.float64], threshold: float) -> str:
    """What would come of all questions at a threshold."""
    shown = {row["id"] for row, sure in zip(made, p, strict=True) if sure >= threshold}
    right = sum(row["right"] and row["id"] in shown for row in rows)
    wrong = sum(not row["right"] and row["id"] in shown for row in rows)
    refused_rightly = sum(not row["is_answerable"] and row["id"] not in shown for row in rows)
    refused_wrongly = sum(row["is_answerable"] and row["id"] not in shown for row in rows)
    return (
        f"right {right}, wrong {wrong}, refused rightly {refused_rightly}, refused wrongly {refused_wrongly}, "
        f"handled rightly {(right + refused_rightly) / len(rows):.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("collect")
    add_arguments(one)
    one.add_argument("--answerable", type=int, default=150)
    one.add_argument("--unanswerable", type=int, default=110)
    one.set_defaults(run=collect)
    two = commands.add_parser("fit")
    two.add_argument("--rows", type=Path, required=True)
    two.add_argument("--write", type=Path)
    two.add_argument("--threshold", type=float, default=0.5)
    two.add_argument("--model", default="qwen2.5-coder-1.5b-instruct-q4_k_m")
    two.set_defaults(run=fit)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
