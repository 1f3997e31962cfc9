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
from tests.benchmarks.answers import Case, is_right, read_cases
from tests.benchmarks.common import add_arguments, add_row, read_rows, real_parts

from pillowbook.answering.compose import Composer
from pillowbook.answering.sureness import FEATURES, FEATURES_AGAIN, Signals
from pillowbook.answering.verify import joined
from pillowbook.answering.weighing import Weighed
from pillowbook.domain.answers import Draft, Effort
from pillowbook.domain.clock import SystemClock
from pillowbook.host.resources import resource

DEADLINE_S = 300.0
RIDGE = 1.0
AGAINST = frozenset({"refusal", "missing"})
"""What speaks against an answer the more there is of it; all else speaks for it."""


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
        is_right_one = partial(_right, source, golds, rights)
        with (
            tempfile.TemporaryDirectory() as temporary,
            real_parts(
                folder,
                arguments.profile / source if arguments.profile else Path(temporary),
                generator=arguments.generator,
                embedder=arguments.embedder,
            ) as parts,
        ):
            seen: list[tuple[Weighed, Weighed | None]] = []
            composer = Composer(
                generator=parts.generator,
                retriever=parts.retriever,
                clock=SystemClock(),
                on_weighed=partial(_keep, seen),
            )
            for key, question, is_answerable in todo:
                seen.clear()
                draft = composer.answer(question, effort=Effort.LIVE, deadline_s=DEADLINE_S)
                first, second = seen[0] if seen else (None, None)
                row = {
                    "id": key,
                    "source": source,
                    "question": question,
                    "is_answerable": is_answerable,
                    "refused": draft.checks[0] if not seen else "",
                    "tokens": draft.tokens.prompt,
                }
                for name, one in (("first", first), ("again", second)):
                    answer = told(one)
                    row |= {
                        name: answer,
                        f"{name}_right": bool(answer) and is_answerable and is_right_one(key, answer, draft),
                        f"{name}_signals": dataclasses.asdict(one.signals) if one else None,
                    }
                add_row(arguments.rows, row)
                print(
                    source,
                    key,
                    row["first_right"],
                    row["again_right"],
                    is_answerable,
                    told(first)[:60],
                    flush=True,
                )


def _keep(seen: list[tuple[Weighed, Weighed | None]], first: Weighed, second: Weighed | None) -> None:
    seen.append((first, second))


def _right(
    source: str, golds: dict[str, squad.Asked], rights: dict[str, Case], key: str, answer: str, draft: Draft
) -> bool:
    if source == "squad":
        return squad.contains(answer, golds[key].answers)
    return is_right(rights[key], dataclasses.replace(draft, answer=answer))


def told(weighed: Weighed | None) -> str:
    """The text of an answer; empty where there is none."""
    return joined(weighed.claims) if weighed else ""


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

    against = [name in AGAINST for name in FEATURES_AGAIN[: rows.shape[1]]]
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
    """Fit the three regressions, and print what comes of all questions when each is used where it is in the product."""
    rows = read_rows(arguments.rows)
    made = [row for row in rows if row["first_signals"]]
    again = [row for row in made if row["again_signals"]]
    second = np.array([Signals(**row["first_signals"]).row() for row in made])
    parts = {
        "first": (FEATURES, second[:, : len(FEATURES)], _target(made, "first")),
        "second": (FEATURES_AGAIN, second, _target(made, "first")),
        "again": (
            FEATURES_AGAIN,
            np.array([Signals(**row["again_signals"]).row() for row in again]),
            _target(again, "again"),
        ),
    }
    print(f"{len(rows)} questions, {len(made)} answers, {len(again)} answers when asked again")
    sure: dict[str, NDArray[np.float64]] = {}
    stored: dict[str, object] = {}
    areas: dict[str, float] = {}
    for name, (features, matrix, target) in parts.items():
        sure[name] = crossed(matrix, target)
        areas[name] = round(auc(sure[name], target), 3)
        print(f"{name}: {int(target.sum())} right of {len(target)}, AUC crossed {areas[name]:.3f}")
        for feature, column in zip(features, matrix.T, strict=True):
            print(f"  {feature:>10} alone: AUC {max(auc(column, target), auc(-column, target)):.3f}")
        weights, intercept = regress(matrix, target)
        stored[name] = {
            "weights": {f: round(float(w), 4) for f, w in zip(features, weights, strict=True)},
            "intercept": round(intercept, 4),
        }
    by_again = {row["id"]: (p, bool(row["again_right"])) for row, p in zip(again, sure["again"], strict=True)}
    chosen: dict[str, tuple[float, bool]] = {}
    asked_again = 0
    for row, p_first, p_second in zip(made, sure["first"], sure["second"], strict=True):
        if arguments.low < p_first < arguments.high:
            asked_again += 1
            options = [(float(p_second), bool(row["first_right"]))]
            options += [by_again[row["id"]]] if row["id"] in by_again else []
            chosen[row["id"]] = max(options)
        else:
            chosen[row["id"]] = (float(p_first), bool(row["first_right"]))
    print(f"asked again: {asked_again / len(rows):.0%} (P between {arguments.low} and {arguments.high})")
    for threshold in sorted({0.3, 0.4, 0.5, 0.6, 0.7, arguments.threshold}):
        print(f"threshold {threshold:.2f}: {handled(rows, chosen, threshold)}")
    p = np.array([one for one, _ in chosen.values()])
    print(
        "calibration, crossed:",
        *calibration(p, np.array([float(is_right) for _, is_right in chosen.values()])),
        sep="\n",
    )
    if arguments.write:
        own = ", and the project's sample questions" if any(row["source"] == "sample" for row in rows) else ""
        about = {
            "what": "logistic regressions P(right) over an answer's signals: alone; beside a second one; of the second",
            "script": "tests/benchmarks/answer_fit.py",
            "fitted_on": "half of the articles of SQuAD 2.0 dev (CC BY-SA 4.0)" + own,
            "generator": arguments.model,
            "embedder": "all-MiniLM-L6-v2",
            "answers": len(made),
            "auc_crossed": areas,
            "low": arguments.low,
            "high": arguments.high,
            "threshold": arguments.threshold,
        }
        arguments.write.write_text(json.dumps(about | stored, indent=2) + "\n", encoding="utf-8")


def _target(rows: list[dict], name: str) -> NDArray[np.float64]:
    return np.array([row[f"{name}_right"] for row in rows], dtype=float)


def handled(rows: list[dict], chosen: dict[str, tuple[float, bool]], threshold: float) -> str:
    """What would come of all questions at a threshold."""
    shown = {key: is_right for key, (p, is_right) in chosen.items() if p >= threshold}
    right = sum(shown.values())
    refused_rightly = sum(not row["is_answerable"] and row["id"] not in shown for row in rows)
    refused_wrongly = sum(row["is_answerable"] and row["id"] not in shown for row in rows)
    return (
        f"right {right}, wrong {len(shown) - right}, refused rightly {refused_rightly}, "
        f"refused wrongly {refused_wrongly}, handled rightly {(right + refused_rightly) / len(rows):.1%}"
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
    two.add_argument("--threshold", type=float, default=0.4)
    two.add_argument(
        "--low", type=float, default=0.25, help="at or below this P the model is not asked again"
    )
    two.add_argument("--high", type=float, default=0.62, help="at or above it neither")
    two.add_argument("--model", default="qwen2.5-coder-1.5b-instruct-q4_k_m")
    two.set_defaults(run=fit)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
