"""``python -m guitai_agent`` and the console script ``guitai-agent``."""

from .cli import app


def main() -> None:
    app(prog_name="guitai-agent")


if __name__ == "__main__":
    main()
