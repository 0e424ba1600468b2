"""The writer's memory and speed. Run from the project's folder: `python -m bench.writer`.

(a) Growth of resident memory in a fresh process that writes 480 and 4800 frames of 640x360: the second must be at most 1.05 times the
first, and at most 60 MB. (b) Frames a second beside raw pictures piped to an ffmpeg binary with the same x264 settings, in interleaved
pairs: the ratio should be at least 0.95. The ratio of processor seconds stands beside it, for machines that have other work: there
the waiting time says more about the scheduler than about the writer.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, FPS = 640, 360, 24
PAIRS, FRAMES = 11, 240
ROOT = Path(__file__).resolve().parent.parent


def scene(count: int) -> np.ndarray:
    """(count, H, W, 3) uint8: a textured picture that pans, as a loop of frames made before the clock starts."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.float32)
    picture = np.kron(coarse, np.ones((8, 8, 1), np.float32)) + rng.normal(0, 6, (HEIGHT, WIDTH, 3))
    base = np.clip(picture, 0, 255).astype(np.uint8)
    return np.stack([np.ascontiguousarray(np.roll(base, (i, 2 * i), (0, 1))) for i in range(count)])


def resident_kib(peak: bool = False) -> int:
    """Resident memory of this process, now or at its highest, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:" if peak else "VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("this system does not tell a process its memory")


def grow(frames: int) -> None:
    """Child: write that many frames with sound, print the growth in KiB."""
    from engine.media.writer import ClipWriter

    loop = scene(24)
    sound = np.zeros((frames * 48000 // FPS, 1), np.float32)
    sound[:] = 0.01
    with tempfile.TemporaryDirectory() as folder:
        before = resident_kib()
        with ClipWriter(Path(folder) / "a.mp4", fps=FPS, audio=(sound, 48000)) as out:
            for index in range(frames):
                out.write(loop[index % 24])
    print(resident_kib(peak=True) - before, before)


def ours(path: Path, frames: np.ndarray) -> float:
    """Seconds to write the frames with the studio's writer, verified."""
    from engine.media.writer import ClipWriter

    begin = time.perf_counter()
    with ClipWriter(path, fps=FPS) as out:
        for frame in frames:
            out.write(frame)
    return time.perf_counter() - begin


def piped(path: Path, frames: np.ndarray, binary: str) -> float:
    """Seconds to pipe the frames to ffmpeg with the same settings and conversion."""
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS)]
    source = [binary, "-y", "-loglevel", "error", *raw, "-i", "-"]
    convert = ["-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp", "-pix_fmt", "yuv420p"]
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-movflags", "+faststart", "-f", "mp4", str(path)]
    begin = time.perf_counter()
    with subprocess.Popen([*source, *convert, *encode], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for frame in frames:
            process.stdin.write(frame)  # type: ignore[arg-type]
        process.stdin.close()
        process.wait()
    return time.perf_counter() - begin


def processor_seconds() -> float:
    """Processor time of this process and of its ended children."""
    return sum(u.ru_utime + u.ru_stime for u in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


def main() -> None:
    """Print both measurements."""
    growth = {}
    for frames in (480, 4800):
        command = [sys.executable, "-m", "bench.writer", "grow", str(frames)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        growth[frames], before = (int(n) for n in done.stdout.split())
        print(f"memory: {frames} frames of {WIDTH}x{HEIGHT} grew {growth[frames] / 1024:.1f} MiB (from {before / 1024:.0f} MiB)")
    ratio = growth[4800] / max(growth[480], 1)
    print(f"memory: ratio {ratio:.3f} (goal: at most 1.05), growth at most 60 MB: {growth[4800] * 1024 <= 60e6}")

    import imageio_ffmpeg  # type: ignore[import-untyped]

    loop = scene(48)
    clip = np.concatenate([loop] * (FRAMES // 48))
    binary = imageio_ffmpeg.get_ffmpeg_exe()
    ratios, work_ratios = [], []
    with tempfile.TemporaryDirectory() as folder:
        ours(Path(folder) / "warm.mp4", loop)
        for pair in range(PAIRS):
            order = (0, 1) if pair % 2 else (1, 0)
            seconds, work = [0.0, 0.0], [0.0, 0.0]
            for which in order:
                begin = processor_seconds()
                seconds[which] = piped(Path(folder) / "f.mp4", clip, binary) if which else ours(Path(folder) / "k.mp4", clip)
                work[which] = processor_seconds() - begin
            ratios.append(seconds[1] / seconds[0])
            work_ratios.append(work[1] / work[0])
            rates = [len(clip) / s for s in seconds]
            print(
                f"speed: Kinora {rates[0]:.0f} frames/s, ffmpeg {rates[1]:.0f} frames/s, "
                f"ratio {ratios[-1]:.3f}, by processor time {work_ratios[-1]:.3f}"
            )
    wall, work_ratio = statistics.median(ratios), statistics.median(work_ratios)
    print(f"speed: median ratio {wall:.3f}, by processor time {work_ratio:.3f} (goal: at least 0.95)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["grow"]:
        grow(int(sys.argv[2]))
    else:
        main()
