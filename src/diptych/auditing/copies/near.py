"""Near-duplicates: the same photograph resized, recompressed, relit, cropped, or augmented.

Axes: N pictures, S their side, T the side of a thumbnail, W the side of its window, C colours,
P pairs, X the pixels of a row in all colours, G the side of a descriptor, D all its numbers, U
unknowns of an alignment.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.augmented import augmented_copies
from diptych.auditing.copies.comparing import AT_ONCE, comparisons
from diptych.auditing.copies.gradients import THUMBNAIL, Floats, gaussians, separable
from diptych.auditing.copies.pairs import Pair
from diptych.auditing.copies.small_pictures import CHUNK, Descriptors, Indices, SmallPictures
from diptych.images.rows import Rows, in_batches
from diptych.system.progress import Track, unwatched

Flags = npt.NDArray[np.bool_]

WINDOW = 26  # the middle of a thumbnail, which no crop of 8 % a side reaches into
GRID = 8
ALIKE = 0.7  # correlation of descriptors from which a pair is looked at closely
CLOSEST = 10  # pairs looked at closely, a picture and way of comparing
ZOOM = 0.9  # crops are sought by comparing pictures with the middle 90 % of others
STEPS = 5  # more do not change an alignment
FIRST_STEPS = 2  # enough to see whether a pair can be aligned at all
# Share of the contrast that may differ then: of 9,631 pairs of copies none is lost by it.
PROMISING = 0.3
LARGEST = 1.22  # times; a copy without 8 % of each side is 1 / 0.84 = 1.19 times larger
SLACK = 0.5  # pixels of a thumbnail by which a crop may seem to reach outside its original
# Share of the contrast that may differ, times the square of the share that is busy. Of 9,200 copies
# of photographs 99.8 % are below; no two of 1,200 different photographs are below five times that.
TOLERANCE = 0.04
BUSY = 0.5  # of a picture; photographs are above 0.65, a pen stroke or a silhouette is below
SLOPE = 0.06  # of the contrast, a pixel of a thumbnail, from which a place is busy
SMOOTH = 1.0  # levels of 255 that slopes change a pixel; without detail they change less
SAME_COLOUR = 3  # levels

WHOLE, CENTRED = np.ones((1, 2), np.float32), np.zeros((1, 2), np.float32)
OFFSETS_W = np.arange(WINDOW, dtype=np.float32) - (WINDOW - 1) / 2  # from the middle, in pixels


def thumbnails(images_NHWC: npt.NDArray[np.uint8]) -> Floats:
    """Means over areas: (N, H, W, C) uint8 of any sides, N ≥ 1 → (N, 32, 32, C), 0 to 255."""
    count, height, width, colours = images_NHWC.shape
    mean_TH, mean_TW = map(area_means, (height, width))
    small_NTTC = np.empty((count, THUMBNAIL, THUMBNAIL, colours), np.float32)
    # Picture by picture, each fits in a cache of the processor.
    for image_HWC, small_TTC in zip(images_NHWC, small_NTTC, strict=True):
        rows_TX = mean_TH @ image_HWC.reshape(height, -1).astype(np.float32)
        np.matmul(mean_TW, rows_TX.reshape(THUMBNAIL, width, colours), out=small_TTC)
    return small_NTTC


def near_duplicate_pairs(
    thumbnails_NTTC: Rows,
    *,
    crops: bool = True,
    new_N: Flags | None = None,
    track: Track = unwatched,
) -> list[Pair]:
    """Pairs of the same photograph, in order; `first` < `second`.

    Found are copies of another size or compression, up to a quarter brighter, darker, or of more or
    less contrast, and with up to 8 % cut off each side. Pairs with similar descriptors are aligned
    in scale and position. One must then lie within the other, and explain it but for a small share.
    Simple pictures, of which less than half is busy, must lie in the same place: one pen stroke or
    disc looks like a crop of many others.

    Copies that augmentation made are found too, as `augmented_copies` has it, and their `change`
    says what was done; not among simple pictures, where a mirrored "b" is a "d".

    Without `crops` only copies in the same place are looked for, in much less time. Where only some
    pictures are `new_N`, only pairs with one of these are looked for.

    A picture without detail (blank, or a gradient) would resemble every other one once brightness
    and contrast are evened out. It is the same only as one of equal colours.

    Takes O(N) alignments, little more than O(N) multiplications for the descriptors (see `Cells`),
    and memory for O(N) descriptors and pairs; the thumbnails are read as they are needed.
    """
    if not len(thumbnails_NTTC):
        return []
    pictures = SmallPictures(thumbnails_NTTC)
    new_N = np.ones(len(pictures), np.bool_) if new_N is None else new_N
    busy_N = pictures.each(busy)
    blank, detailed = np.flatnonzero(busy_N == 0), np.flatnonzero(busy_N)
    same = [
        *moved(
            copies(pictures.among(detailed), busy_N[detailed], new_N[detailed], crops, track),
            detailed,
        ),
        *moved(blanks(pictures[blank]), blank),
    ]
    if crops:
        known, very = {pair[:2] for pair in same}, np.flatnonzero(busy_N > BUSY)
        augmented = augmented_copies(pictures.among(very), new_N[very], track)
        same += (pair for pair in moved(augmented, very) if pair[:2] not in known)
    return sorted(same)


def moved(pairs: Iterable[Pair], position_N: Indices) -> Iterator[Pair]:
    """Pairs among some pictures as those among all."""
    for pair in pairs:
        first, second = int(position_N[pair.first]), int(position_N[pair.second])
        yield pair._replace(first=first, second=second)


def area_means(side: int) -> Floats:
    """The matrix that averages a row of `side` pixels to one of a thumbnail: (T, S)."""
    edges, pixels = np.linspace(0, 1, THUMBNAIL + 1), np.linspace(0, 1, side + 1)
    overlap_TS = np.minimum(edges[1:, None], pixels[1:]) - np.maximum(edges[:-1, None], pixels[:-1])
    return np.asarray(THUMBNAIL * np.maximum(overlap_TS, 0), np.float32)


def busy(pictures_NCTT: Floats) -> Floats:
    """The share of each picture where something changes, (N,); 0 in pictures without detail."""
    view_NCWW = windows(pictures_NCTT)
    bend_N = sum((np.diff(view_NCWW, 2, axis) ** 2).mean((1, 2, 3)) for axis in (2, 3))
    slope_NWW = np.abs(np.gradient(view_NCWW, axis=(2, 3))).max((0, 2))
    contrast_N = np.sqrt(view_NCWW.var((2, 3)).mean(1))
    share_N = (slope_NWW > SLOPE * contrast_N[:, None, None]).mean((1, 2))
    return np.where(bend_N > SMOOTH**2, share_N, 0).astype(np.float32)


def copies(
    pictures: SmallPictures, busy_N: Floats, new_N: Flags, crops: bool, track: Track
) -> Iterator[Pair]:
    """Pairs that show the same, among pictures with detail; at least one of each is new."""
    if not len(pictures):
        return
    wide_P, narrow_P, zoom_P = candidates(pictures, new_N, crops, track)
    busy_P = np.minimum(busy_N[wide_P], busy_N[narrow_P])
    starts = range(0, len(zoom_P), CHUNK)
    for start in track(starts, "looking at pairs", len(starts)):
        some = slice(start, start + CHUNK)
        wide_PCTT, narrow_PCTT = pictures[wide_P[some]], pictures[narrow_P[some]]
        differs_P = difference(windows(wide_PCTT), windows(narrow_PCTT))
        if crops:
            maybe = np.flatnonzero(busy_P[some] > BUSY)
            cropped_P = realigned(wide_PCTT[maybe], narrow_PCTT[maybe], zoom_P[some][maybe])
            differs_P[maybe] = np.minimum(differs_P[maybe], cropped_P)
        for at in np.flatnonzero(differs_P <= TOLERANCE * busy_P[some] ** 2):
            first, second = sorted((int(wide_P[start + at]), int(narrow_P[start + at])))
            yield Pair(first, second, 1 - float(differs_P[at]))


def candidates(
    pictures: SmallPictures, new_N: Flags, crops: bool, track: Track
) -> tuple[Indices, Indices, Floats]:
    """Pairs with similar descriptors: the wider views, the narrower ones, the zoom between them."""
    zooms = (1, ZOOM) if crops else (1,)
    base = Descriptors(pictures, partial(descriptors, zoom=1))
    found = [(*np.empty((2, 0), np.intp), *np.empty((2, 0), np.float32))]
    for comparison in comparisons(base, new_N, one_sided=crops):
        batches = in_batches(comparison.query_N, AT_ONCE)
        count = -(-len(comparison.query_N) // AT_ONCE)
        for some_N in track(batches, "looking for duplicates", count):
            for zoom in zooms:
                query_ND = descriptors(pictures[some_N], zoom)
                wide_P, narrow_P, score_P = comparison.alike(query_ND, some_N, ALIKE, CLOSEST)
                found.append((wide_P, narrow_P, np.full_like(score_P, 1 / zoom), score_P))
    wide_P, narrow_P, zoom_P, score_P = (np.concatenate(c) for c in zip(*found, strict=True))
    order_P = np.lexsort((zoom_P, -score_P))
    pair_P = np.minimum(wide_P, narrow_P) * len(pictures) + np.maximum(wide_P, narrow_P)
    best_P = order_P[np.unique(pair_P[order_P], return_index=True)[1]]
    return wide_P[best_P], narrow_P[best_P], zoom_P[best_P]


def descriptors(pictures_NCTT: Floats, zoom: float) -> Floats:
    """The coarse detail of the middle of each picture, colour counting twice: (N, D), norm 1."""
    step = zoom * THUMBNAIL / GRID
    centres_G = (THUMBNAIL - 1) / 2 + step * (np.arange(GRID) - (GRID - 1) / 2)
    fine_GT, coarse_GT = (gaussians(centres_G, width * step) for width in (0.55, 1.6))
    band_NCGG = separable(fine_GT, pictures_NCTT, fine_GT)
    band_NCGG -= separable(coarse_GT, pictures_NCTT, coarse_GT)
    band_NCGG = 2 * band_NCGG - band_NCGG.mean(1, keepdims=True)
    band_NCGG -= band_NCGG.mean((2, 3), keepdims=True)
    long_ND: Floats = band_NCGG.reshape(-1, band_NCGG.shape[1] * GRID * GRID)
    long_ND /= np.maximum(np.linalg.norm(long_ND, axis=1, keepdims=True), 1e-6)
    return long_ND


def realigned(wide_PCTT: Floats, narrow_PCTT: Floats, zoom_P: Floats) -> Floats:
    """The difference of pictures once aligned, (P,); 1 where neither lies within the other.

    Those that still differ much in grey after the first steps are left as they are.
    """
    scale_P2 = np.repeat(zoom_P[:, None], 2, axis=1)
    shift_P2, differs_P = np.zeros_like(scale_P2), np.ones_like(zoom_P)
    wide_P1TT, narrow_P1TT = wide_PCTT.mean(1, keepdims=True), narrow_PCTT.mean(1, keepdims=True)
    scale_P2, shift_P2 = aligned(wide_P1TT, narrow_P1TT, scale_P2, shift_P2, FIRST_STEPS)
    apart_P = difference(windows(wide_P1TT), windows(narrow_P1TT, scale_P2, shift_P2))
    near = np.flatnonzero(apart_P <= PROMISING)
    scale_P2, shift_P2 = aligned(
        wide_P1TT[near], narrow_P1TT[near], scale_P2[near], shift_P2[near], STEPS - FIRST_STEPS
    )
    is_within = within(scale_P2, shift_P2)
    near, scale_P2, shift_P2 = near[is_within], scale_P2[is_within], shift_P2[is_within]
    view_PCWW = windows(narrow_PCTT[near], scale_P2, shift_P2)
    differs_P[near] = difference(windows(wide_PCTT[near]), view_PCWW)
    return differs_P


def aligned(
    wide_P1TT: Floats, narrow_P1TT: Floats, scale_P2: Floats, shift_P2: Floats, steps: int
) -> tuple[Floats, Floats]:
    """Better scales and shifts, (P, 2) each, to see a narrow grey picture as the wide one is.

    This is the inverse compositional algorithm of Lucas and Kanade with gain and bias (S. Baker and
    I. Matthews, "Lucas-Kanade 20 Years On", IJCV 56, 2004).
    """
    change_PUD = changes(windows(wide_P1TT)[:, 0])
    for _ in range(steps):
        view_PD1 = windows(narrow_P1TT, scale_P2, shift_P2).reshape(-1, WINDOW**2, 1)
        gain_P1, grown_P2, moved_P2 = np.split((change_PUD @ view_PD1)[..., 0], [1, 3], axis=1)
        gain_P1 = np.maximum(gain_P1, 0.2)
        scale_P2 = np.clip(scale_P2 / (1 + np.clip(grown_P2 / gain_P1, -0.1, 0.1)), 0.75, 1.33)
        shift_P2 = np.clip(shift_P2 - scale_P2 * np.clip(moved_P2 / gain_P1, -2, 2), -4, 4)
    return scale_P2, shift_P2


def changes(view_PWW: Floats) -> Floats:
    """What turns another view into its gain, and gain times growth and motion, against this one."""
    down_PWW, right_PWW = np.gradient(view_PWW, axis=(1, 2))
    grown = (down_PWW * OFFSETS_W[:, None], right_PWW * OFFSETS_W)
    effect_PUWW = np.stack([view_PWW, *grown, down_PWW, right_PWW], axis=1)
    effect_PUWW -= effect_PUWW.mean((2, 3), keepdims=True)
    effect_PUD: Floats = effect_PUWW.reshape(-1, 5, WINDOW**2)
    # Of two motions that look alike, neither; this keeps the gain of a view of itself at 1.
    damping_UU = np.diag(np.array([0, 1, 1, 1, 1], np.float32))
    gram_PUU = effect_PUD @ effect_PUD.swapaxes(1, 2) * (1 + 0.01 * damping_UU) + damping_UU
    return np.asarray(np.linalg.inv(gram_PUU), np.float32) @ effect_PUD


def within(scale_P2: Floats, shift_P2: Floats) -> Flags:
    """Whether one picture of each pair lies within the other, and is not much smaller: (P,)."""
    margin_P2, moved_P2 = (scale_P2 - 1) * THUMBNAIL / 2, np.abs(shift_P2)
    outside_P = np.minimum((moved_P2 - margin_P2).max(1), (moved_P2 + margin_P2).max(1))
    larger_P = np.maximum(scale_P2, 1 / scale_P2).max(1)
    return np.asarray((outside_P <= SLACK) & (larger_P <= LARGEST))


def difference(one_PCWW: Floats, other_PCWW: Floats) -> Floats:
    """The share of the contrast of one view that the other, relit, does not have: (P,)."""
    return np.minimum(unexplained(one_PCWW, other_PCWW), unexplained(other_PCWW, one_PCWW))


def unexplained(view_PCWW: Floats, by_PCWW: Floats) -> Floats:
    """How much a view differs from another one, relit: brightened, of more contrast, clipped."""
    axes = (1, 2, 3)
    # What is almost black or white may have been clipped, so brightness is judged by the rest.
    weight_PCWW = ((view_PCWW > 8) & (view_PCWW < 247)) + np.float32(1e-3)
    weight_PCWW /= weight_PCWW.sum(axes, keepdims=True)
    by_PCWW = by_PCWW - (weight_PCWW * by_PCWW).sum(axes, keepdims=True)
    mean_P111 = (weight_PCWW * view_PCWW).sum(axes, keepdims=True)
    covariance_P111 = (weight_PCWW * by_PCWW * (view_PCWW - mean_P111)).sum(axes, keepdims=True)
    variance_P111 = (weight_PCWW * by_PCWW**2).sum(axes, keepdims=True)
    gain_P111 = np.maximum(covariance_P111, 0) / np.maximum(variance_P111, 1)
    relit_PCWW = np.clip(mean_P111 + gain_P111 * by_PCWW, 0, 255)
    differs_P = ((view_PCWW - relit_PCWW) ** 2).mean(axes)
    return np.asarray(differs_P / np.maximum(view_PCWW.var((2, 3)).mean(1), 1))


def windows(pictures_PCTT: Floats, scale_P2: Floats = WHOLE, shift_P2: Floats = CENTRED) -> Floats:
    """The window, (P, C, W, W), of each picture, scaled about its middle, then shifted, in pixels.

    Pixels are weighted by triangles that reach two pixels far, times the scale.
    """
    at_P2W = scale_P2[..., None] * OFFSETS_W + shift_P2[..., None] + (THUMBNAIL - 1) / 2
    at_P2W = np.clip(at_P2W, 0, THUMBNAIL - 1)
    apart_P2WT = np.abs(at_P2W[..., None] - np.arange(THUMBNAIL, dtype=np.float32))
    weight_P2WT = np.maximum(2 * scale_P2[..., None, None] - apart_P2WT, 0)
    weight_P2WT /= weight_P2WT.sum(-1, keepdims=True)
    return separable(weight_P2WT[:, :1], pictures_PCTT, weight_P2WT[:, 1:])


def blanks(pictures_NCTT: Floats) -> Iterator[Pair]:
    """Pairs of pictures without detail that have the same colours."""
    n, channels = pictures_NCTT.shape[:2]
    tiles = pictures_NCTT.reshape(n, channels, 4, 8, 4, 8).mean((3, 5))
    colours_ND, indices_N = tiles.reshape(n, channels * 16), np.arange(n)
    while len(indices_N):
        apart_N = np.abs(colours_ND - colours_ND[0]).max(1)
        same_N = apart_N <= SAME_COLOUR
        for at in np.flatnonzero(same_N)[1:]:
            yield Pair(int(indices_N[0]), int(indices_N[at]), 1 - float(apart_N[at]) / 255)
        indices_N, colours_ND = indices_N[~same_N], colours_ND[~same_N]
