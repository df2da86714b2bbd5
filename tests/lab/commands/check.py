from __future__ import annotations


def main(_: list[str]) -> int:
    return 1
