"""Time from start to HTTP 200: the studio against a bare Gradio page of six tabs, started the same way, in turns.

`python -m bench.start [PAIRS]` prints each pair, the median ratio, and whether the page's process mapped torch.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

BARE = """
import sys
import gradio as gr
with gr.Blocks(analytics_enabled=False) as demo:
    with gr.Tabs():
        for i in range(6):
            with gr.Tab(f"Tab {i}"):
                box = gr.Textbox(label="Prompt")
                out = gr.Textbox(label="Result")
                gr.Button("Run").click(lambda x: x, box, out)
demo.launch(server_port=int(sys.argv[1]), quiet=True)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_to_page(command: list[str], port: int) -> tuple[float, bool]:
    """Seconds from the start of `command` to the first 200 of its page, and whether its process has torch's library mapped by then."""
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    if answer.status == 200:
                        taken = time.perf_counter() - began
                        break
            except OSError:
                time.sleep(0.02)
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended with {process.returncode}")
        return taken, "libtorch" in Path(f"/proc/{process.pid}/maps").read_text()
    finally:
        process.terminate()
        process.wait(20)


def main(pairs: int) -> None:
    """Interleaved pairs; the first pair warms the disk cache and is not counted."""
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        for index in range(pairs + 1):
            port = free_port()
            studio, torch = seconds_to_page([sys.executable, "app.py", "--port", str(port), "--data-dir", f"{folder}/data"], port)
            port = free_port()
            plain, _ = seconds_to_page([sys.executable, str(bare), str(port)], port)
            print(f"{'warm-up' if index == 0 else f'pair {index}'}: studio {studio:.2f} s, bare page {plain:.2f} s, ratio {studio / plain:.3f}, torch mapped: {torch}", flush=True)
            if index:
                ratios.append(studio / plain)
    print(f"median ratio {statistics.median(ratios):.3f} (goal: at most 1.15), range {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
