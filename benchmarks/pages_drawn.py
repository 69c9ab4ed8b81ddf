"""Pictures that no camera took: what stands for a picture that is not there, and pages of text."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Size = tuple[int, int]
Box = tuple[float, float, float, float]
Colour = tuple[int, ...]
TEXT = (
    "the of and to in is that for it was on are as with they at be this from have or by one had "
    "not but what all were when we there can an your which their said if do will each about how "
    "order total delivery account settings profile search results price shipping review table "
    "recipe minutes cheese tomato oven flour serve warm slice network figure section chapter"
)
WORDS = TEXT.split()
SIZES = ((640, 480), (800, 600), (500, 500), (1280, 720), (390, 844), (300, 200))


def as_image(pixels: npt.NDArray[np.floating]) -> Image.Image:
    """Levels from 0 to 255 as a picture."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(float(size), 6))


def _centred(
    draw: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, size: float, fill: Colour
) -> None:
    draw.text(xy, text, fill=fill, font=_font(size), anchor="mm", align="center")


def _grey_line(size: Size, rng: np.random.Generator) -> Image.Image:
    level = int(rng.integers(190, 245))
    image = Image.new("RGB", size, (level,) * 3)
    text = rng.choice(["No image available", "Image not found", "no photo", "404"])
    _centred(
        ImageDraw.Draw(image), (size[0] / 2, size[1] / 2), text, min(size) / 9, (level - 80,) * 3
    )
    return image


def _size_text(size: Size, rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", size, (204, 204, 204))
    text = f"{size[0]} × {size[1]}"
    _centred(
        ImageDraw.Draw(image), (size[0] / 2, size[1] / 2), text, min(size) / 6, (150, 150, 150)
    )
    return image


def _crossed(size: Size, rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", size, (238, 238, 238))
    draw = ImageDraw.Draw(image)
    w, h = size
    draw.rectangle((0, 0, w - 1, h - 1), outline=(170, 170, 170), width=max(2, w // 150))
    draw.line((0, 0, w, h), fill=(170, 170, 170), width=max(2, w // 200))
    draw.line((0, h, w, 0), fill=(170, 170, 170), width=max(2, w // 200))
    return image


def _camera(size: Size, rng: np.random.Generator) -> Image.Image:
    back = (255, 255, 255) if rng.random() < 0.5 else (242, 244, 247)
    image = Image.new("RGB", size, back)
    draw = ImageDraw.Draw(image)
    x, y, s = size[0] / 2, size[1] / 2.4, min(size) / 5
    ink = (165, 170, 178)
    draw.rounded_rectangle((x - s, y - 0.65 * s, x + s, y + 0.65 * s), s / 6, fill=ink)
    draw.rectangle((x - 0.35 * s, y - 0.85 * s, x + 0.35 * s, y - 0.6 * s), fill=ink)
    draw.circle((x, y), 0.42 * s, fill=back)
    draw.circle((x, y), 0.3 * s, fill=ink)
    _centred(draw, (x, y + 1.3 * s), "Image coming soon", s / 3, ink)
    return image


def _mountains(size: Size, rng: np.random.Generator) -> Image.Image:
    back, ink = (
        ((224, 226, 230), (180, 184, 190))
        if rng.random() < 0.5
        else ((60, 63, 70), (110, 114, 120))
    )
    image = Image.new("RGB", size, back)
    draw = ImageDraw.Draw(image)
    x, y, s = size[0] / 2, size[1] / 2, min(size) / 3.2
    draw.rounded_rectangle(
        (x - s, y - 0.75 * s, x + s, y + 0.75 * s), s / 8, outline=ink, width=int(s / 12) + 1
    )
    draw.circle((x - 0.5 * s, y - 0.35 * s), 0.15 * s, fill=ink)
    draw.polygon(
        (x - 0.85 * s, y + 0.55 * s, x - 0.3 * s, y - 0.1 * s, x + 0.25 * s, y + 0.55 * s), fill=ink
    )
    draw.polygon(
        (x - 0.1 * s, y + 0.55 * s, x + 0.4 * s, y - 0.3 * s, x + 0.85 * s, y + 0.55 * s), fill=ink
    )
    return image


def _silhouette(size: Size, rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", size, (221, 225, 230))
    draw = ImageDraw.Draw(image)
    x, h = size[0] / 2, size[1]
    s = min(size)
    draw.circle((x, h - 0.62 * s), 0.17 * s, fill=(255, 255, 255))
    draw.ellipse((x - 0.33 * s, h - 0.4 * s, x + 0.33 * s, h + 0.3 * s), fill=(255, 255, 255))
    return image


def _removed(size: Size, rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", size, (0, 0, 0) if rng.random() < 0.4 else (34, 34, 34))
    text = "The image you are requesting\ndoes not exist or is no longer available."
    _centred(ImageDraw.Draw(image), (size[0] / 2, size[1] / 2), text, size[0] / 24, (240, 240, 240))
    _centred(
        ImageDraw.Draw(image),
        (size[0] / 2, size[1] * 0.75),
        "example.com",
        size[0] / 18,
        (133, 191, 37),
    )
    return image


def _gradient(size: Size, rng: np.random.Generator) -> Image.Image:
    first, last = rng.integers(120, 256, 3), rng.integers(120, 256, 3)
    share = np.linspace(0, 1, size[1])[:, None, None] * np.ones((1, size[0], 1))
    image = as_image(first * (1 - share) + last * share)
    _centred(
        ImageDraw.Draw(image),
        (size[0] / 2, size[1] / 2),
        "NO PHOTO\nAVAILABLE",
        min(size) / 9,
        (255, 255, 255),
    )
    return image


def _broken(size: Size, rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    s = min(size) / 12
    x, y = size[0] / 2, size[1] / 2
    draw.rectangle((x - 4 * s, y - s, x - 2.4 * s, y + s), outline=(120, 120, 120), width=2)
    draw.line(
        (x - 3.6 * s, y - 0.4 * s, x - 2.8 * s, y + 0.4 * s),
        fill=(200, 40, 40),
        width=int(s / 5) + 1,
    )
    draw.line(
        (x - 3.6 * s, y + 0.4 * s, x - 2.8 * s, y - 0.4 * s),
        fill=(200, 40, 40),
        width=int(s / 5) + 1,
    )
    draw.text((x - 2 * s, y), "image missing", fill=(90, 90, 90), font=_font(s), anchor="lm")
    return image


PLACEHOLDERS = (
    _grey_line,
    _size_text,
    _crossed,
    _camera,
    _mountains,
    _silhouette,
    _removed,
    _gradient,
    _broken,
)


def _words(rng: np.random.Generator, count: int) -> str:
    return " ".join(rng.choice(WORDS, count))


def _paragraphs(
    draw: ImageDraw.ImageDraw, box: Box, size: float, fill: Colour, rng: np.random.Generator
) -> None:
    """Fill a box with lines of words."""
    left, top, right, bottom = box
    font, y = _font(size), top
    while y + size < bottom:
        line = _words(rng, int(rng.integers(3, 30)))
        while draw.textlength(line, font) > right - left:
            line = line.rpartition(" ")[0]
        draw.text((left, y), line, fill=fill, font=font)
        y += size * (1.35 if rng.random() < 0.85 else 2.4)


def _page(rng: np.random.Generator) -> Image.Image:
    w, h = SIZES[rng.integers(5)]
    image = Image.new("RGB", (w, h), (255, 255, 255))
    _paragraphs(
        ImageDraw.Draw(image),
        (w * 0.08, h * 0.06, w * 0.92, h * 0.94),
        rng.uniform(10, 20),
        (25, 25, 25),
        rng,
    )
    return image


def _site(rng: np.random.Generator) -> Image.Image:
    w, h = 1280, 800
    image = Image.new("RGB", (w, h), (250, 250, 252))
    draw = ImageDraw.Draw(image)
    bar = tuple(rng.integers(20, 200, 3).tolist())
    draw.rectangle((0, 0, w, 60), fill=bar)
    draw.text((30, 18), _words(rng, 8), fill=(255, 255, 255), font=_font(22))
    for row in range(2):
        for column in range(4):
            x, y = 40 + column * 310, 90 + row * 350
            draw.rounded_rectangle(
                (x, y, x + 280, y + 320), 10, fill=(255, 255, 255), outline=(215, 215, 220)
            )
            draw.rectangle((x, y, x + 280, y + 130), fill=tuple(rng.integers(100, 240, 3).tolist()))
            _paragraphs(draw, (x + 12, y + 145, x + 268, y + 270), 15, (60, 60, 70), rng)
            draw.rounded_rectangle((x + 12, y + 275, x + 120, y + 308), 6, fill=bar)
    return image


def _chat(rng: np.random.Generator) -> Image.Image:
    w, h = 390, 844
    image = Image.new("RGB", (w, h), (236, 229, 221))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, w, 70), fill=(7, 94, 84))
    draw.text((60, 25), _words(rng, 2), fill=(255, 255, 255), font=_font(20))
    y = 90
    while y < h - 110:
        tall, mine = int(rng.integers(40, 110)), rng.random() < 0.5
        box = (90, y, w - 12, y + tall) if mine else (12, y, w - 90, y + tall)
        draw.rounded_rectangle(box, 12, fill=(220, 248, 198) if mine else (255, 255, 255))
        _paragraphs(draw, (box[0] + 10, y + 8, box[2] - 10, y + tall), 15, (20, 20, 20), rng)
        y += tall + 12
    return image


def _editor(rng: np.random.Generator) -> Image.Image:
    w, h = 1280, 720
    image = Image.new("RGB", (w, h), (30, 30, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 220, h), fill=(37, 37, 38))
    inks = [(212, 212, 212), (86, 156, 214), (206, 145, 120), (106, 153, 85), (220, 220, 170)]
    for line in range(int(h / 22)):
        x = 260.0 + 28 * int(rng.integers(0, 4))
        for _ in range(int(rng.integers(0, 7))):
            word = str(rng.choice(WORDS))
            draw.text((x, 12 + 22 * line), word, fill=inks[rng.integers(5)], font=_font(16))
            x += draw.textlength(word + " ", _font(16))
    return image


def _sheet(rng: np.random.Generator) -> Image.Image:
    w, h = 1000, 700
    image = Image.new("RGB", (w, h), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, w, 30), fill=(33, 115, 70))
    for y in range(30, h, 26):
        draw.line((0, y, w, y), fill=(208, 208, 208))
        for x in range(0, w, 110):
            if rng.random() < 0.6:
                draw.text(
                    (x + 6, y + 5), f"{rng.integers(1, 99999):,}", fill=(0, 0, 0), font=_font(14)
                )
    for x in range(0, w, 110):
        draw.line((x, 30, x, h), fill=(208, 208, 208))
    return image


def _scan(rng: np.random.Generator) -> Image.Image:
    w, h = 827, 1169
    paper = int(rng.integers(215, 250))
    image = Image.new("RGB", (w, h), (paper, paper, paper - int(rng.integers(0, 20))))
    _paragraphs(
        ImageDraw.Draw(image), (90, 90, w - 90, h - 90), rng.uniform(14, 22), (45, 42, 40), rng
    )
    turned = image.rotate(
        rng.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=(paper, paper, paper - 8)
    )
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
    return as_image(
        pixels * np.linspace(1, rng.uniform(0.85, 1), w)[None, :, None]
        + rng.normal(0, 3, pixels.shape)
    )


PAGES = (_page, _site, _chat, _editor, _sheet, _scan)
