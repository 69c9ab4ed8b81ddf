"""How large is the page of an audit of 10,000 photographs, how long does it take, is it smooth?

The photographs are pieces cut at random from the real ones: as hard to compress as others. Then the
map of 10,000 pictures of CIFAR-10 beside the first two principal components and the t-SNE of
scikit-learn: how many of the 10 nearest on the plane are among the 50 nearest of the features, and
how often do they tell the class.
"""

import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measuring import cold_cache, machine, need_photos, some_of_cifar
from PIL import Image
from playwright.sync_api import sync_playwright

from diptych import read
from diptych.auditing import Audit, Finding
from diptych.auditing.features import image_features
from diptych.auditing.material import Material
from diptych.images.decoding import decode_files, pixel_store
from diptych.reporting.audit_page import save_audit
from diptych.reporting.projection import nearest, principal_components, projected
from diptych.system.progress import unwatched

COUNT = 10_000
SIZE = 128  # pixels; smaller ones would look sharper on the page than photographs do
KINDS = (
    "likely wrong label",
    "irrelevant",
    "blurred",
    "dark",
    "near duplicate",
    "tiny",
    "screenshot",
)
# Drags the map across, and says how many milliseconds there were from frame to frame.
DRAG = """
async () => {
  const stage = document.getElementById("map-stage"), box = stage.getBoundingClientRect();
  const send = (kind, x) => stage.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, pointerType: "mouse", clientX: box.x + x, clientY: box.y + 200, bubbles: true }));
  stage.setPointerCapture = () => {};
  const frames = [];
  send("pointerdown", 100);
  let before = await new Promise(requestAnimationFrame);
  for (let step = 0; step < 60; step++) {
    send("pointermove", 100 + 4 * step);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  send("pointerup", 340);
  return frames;
}
"""


def main() -> None:
    with cold_cache() as env, tempfile.TemporaryDirectory() as folder:
        os.environ.update(env)
        measure_page(Path(folder))
        measure_layouts(Path(folder))
    print(machine())


def measure_page(folder: Path) -> None:
    """The page of 10,000 pieces of photographs, a finding for every fifth."""
    cut_pieces(folder / "photos")
    found = audited(folder / "photos")
    started, worked = time.monotonic(), time.process_time()
    save_audit(found, folder / "looked")
    seconds, worked = time.monotonic() - started, time.process_time() - worked
    page = folder / "looked" / "audit.html"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{page.stat().st_size / 1e6:.1f} MB, {len(found.findings):,} findings; made in "
        f"{seconds:.1f} s, {worked:.1f} s of processor time; peak {peak:.0f} MiB"
    )
    for what, line in smoothness(page).items():
        print(f"{what}: {line}")


def cut_pieces(folder: Path) -> None:
    photos = sorted(need_photos().rglob("*.jpg"))
    rng = np.random.default_rng(0)
    for i in range(COUNT):
        source = photos[i % len(photos)]
        with Image.open(source) as image:
            side = int(min(image.size) * rng.uniform(0.4, 1))
            x, y = (int(rng.integers(0, length - side + 1)) for length in image.size)
            piece = image.convert("RGB").crop((x, y, x + side, y + side))
        target = folder / source.parent.name / f"{source.stem}-{i:05}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        piece.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(target, quality=90)


def audited(folder: Path) -> Audit:
    """What an audit has of a folder, without a search for copies; findings by the dice."""
    data, store = read(folder), pixel_store((SIZE, SIZE, 3))
    pictures = decode_files((sample.path for sample in data.samples), store)
    of = {sample.name: one for sample, one in zip(data.samples, pictures, strict=True)}
    data = data.with_samples(s._replace(digest=of[s.name].digest) for s in data.samples)
    features_ND = image_features(data, store, unwatched)
    rng = np.random.default_rng(0)
    findings = tuple(
        Finding(
            data.samples[i].name,
            kind := KINDS[rng.integers(len(KINDS))],
            "a detail of some words, as checks have them",
            False,
            data.samples[rng.integers(COUNT)].name if kind in (KINDS[0], KINDS[4]) else "",
            float(rng.random()),
            "pizza" if kind == KINDS[0] else "",
        )
        for i in rng.permutation(COUNT)[: COUNT // 5]
    )
    return Audit(data, findings, of, {}, 0, Material(data, of, store, {}, features_ND))


def smoothness(page: Path) -> dict[str, str]:
    """How long the page takes to load, and its frames while the map is dragged."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        tab = browser.new_page(viewport={"width": 1200, "height": 800})
        started = time.monotonic()
        tab.goto(page.as_uri())
        tab.wait_for_function("document.querySelector('#map-legend li') !== null")
        lines = {"ready": f"{time.monotonic() - started:.2f} s after the address was given"}
        lines["dragged as dots"] = frames(tab.evaluate(DRAG))
        tab.check("#map-pictures")
        tab.wait_for_timeout(2000)
        lines["dragged as pictures"] = frames(tab.evaluate(DRAG))
        browser.close()
    return lines


def frames(milliseconds: list[float]) -> str:
    slowest = statistics.quantiles(milliseconds, n=20)[-1]
    return f"a frame every {statistics.median(milliseconds):.0f} ms, 95 % within {slowest:.0f} ms"


def measure_layouts(folder: Path) -> None:
    """Our map beside others, of the same features."""
    from sklearn.manifold import TSNE

    cifar = some_of_cifar("test", COUNT)
    for i, pixels in enumerate(cifar.pixels):
        target = folder / "cifar" / cifar.classes[cifar.labels[i]] / f"{i:05}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(target, compress_level=0)
    found = audited(folder / "cifar")
    assert found.material is not None
    features_ND = found.material.features_ND
    assert features_ND is not None
    components_NC = principal_components(features_ND, 50)
    near_NK, labels_N = nearest(components_NC, 50), found.material.labels
    ways: dict[str, Callable[[], npt.NDArray[np.floating]]] = {
        "two components": lambda: components_NC[:, :2],
        "the map": lambda: projected(features_ND),
        "t-SNE of scikit-learn": lambda: np.asarray(
            TSNE(random_state=0).fit_transform(components_NC)
        ),
    }
    for name, lay_out in ways.items():
        worked = time.process_time()
        on_plane_NK = nearest(lay_out().astype(np.float64), 10)
        worked = time.process_time() - worked
        kept = [
            np.isin(ours, theirs).mean() for ours, theirs in zip(on_plane_NK, near_NK, strict=True)
        ]
        votes_NK = labels_N[on_plane_NK]
        told = [np.bincount(votes).argmax() for votes in votes_NK]
        print(
            f"{name}: {np.mean(kept):.1%} of the nearest kept, the class told for "
            f"{np.mean(told == labels_N):.1%}; {worked:.0f} s of processor time"
        )


main()
