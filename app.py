"""Kinora's entry: `python app.py` serves the studio, `python app.py run FILE` renders without a browser. Also the entry point on Spaces."""

from __future__ import annotations

import os
import sys

# Privacy and offline starts: nothing is sent anywhere, whatever the environment of the machine says by default.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# All handlers are short; one slow one (a phone photo that is probed) must not hold up the others.
os.environ.setdefault("GRADIO_DEFAULT_CONCURRENCY_LIMIT", "8")


def main(arguments: list[str] | None = None) -> int:
    """Dispatch the command line; returns the exit code."""
    from engine.cli import COMMANDS, parse

    options = parse(sys.argv[1:] if arguments is None else arguments)
    if options.command in COMMANDS:
        try:
            code = COMMANDS[options.command](options)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has left, as `head` does: nothing is wrong, and nothing more can be said.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return code
    from studio.serving import serve

    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
