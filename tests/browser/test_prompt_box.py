"""The prompt box in a real browser: marks that lie under their words, offers, ideas, the live reading, the animatic, and texts of every kind."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.harness_prompt import IDEAS, build, launch

pytestmark = pytest.mark.browser

APP = "document.querySelector('#box .pb').promptBox"
Open = Callable[..., Page]


class Server:
    """The running page; `seen` is what Python got from Run, `asked` the questions of the live reading."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.page = build(self.seen, self.asked)
        self.url = launch(self.page, prevent_thread_lock=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.page.close(verbose=False)


@pytest.fixture
def open_page(server: Server, browser: Browser) -> Iterator[Open]:
    """Opens the page in a fresh browser profile; after the test no page may have thrown an error."""
    contexts, errors = [], []

    def opened(*, phone: bool = False, reduced: bool = False, width: int = 1000, dark: bool = False) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": width, "height": 900}
        context = browser.new_context(viewport=size, has_touch=phone, is_mobile=phone, reduced_motion="reduce" if reduced else "no-preference")  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "js_on_load" in message.text else None)
        page.goto(server.url + ("?__theme=dark" if dark else ""))
        page.wait_for_selector("#box textarea")
        server.asked.clear()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def area(page: Page) -> Locator:
    return page.locator("#box textarea")


def fill(page: Page, text: str) -> None:
    """Puts the text in and waits for its reading."""
    area(page).fill(text)
    settled(page)


def settled(page: Page) -> None:
    page.wait_for_function(f"() => !{APP}.asker.busy && {APP}.film.shimmer.hidden")


def marks(page: Page) -> list[list[Any]]:
    """The marked words: [text, known]."""
    found: list[list[Any]] = page.evaluate(f"() => {APP}.marks.map((m) => [{APP}.area.value.slice(m.start, m.end), m.known])")
    return found


def box_rects(page: Page, index: int) -> list[tuple[float, float, float, float]]:
    """Where the drawn boxes of a mark are in the window: left, top, right, bottom, one a line."""
    found = page.evaluate(
        f"""(index) => {APP}.paper.boxes.map((box, i) => [box.mark === {APP}.marks[index], {APP}.paper.layer.children[i].getBoundingClientRect()])
        .filter(([mine]) => mine).map(([, r]) => [r.left, r.top, r.right, r.bottom])""",
        index,
    )
    return [tuple(rect) for rect in found]


def seen_rects(page: Page, index: int) -> list[tuple[float, float, float, float]]:
    """Where the text area itself paints that word: selected in pure magenta, the pixels of a screenshot tell. Knows nothing of the mirror."""
    page.evaluate(
        """([index]) => { const app = APP, mark = app.marks[index]; if (!document.querySelector('#magenta')) {
        const sheet = document.createElement('style'); sheet.id = 'magenta';
        sheet.textContent = '#box textarea::selection { background: rgb(255, 0, 255) !important; color: rgb(255, 0, 255) !important; } #box .pb-marks { visibility: hidden; }';
        document.head.append(sheet); }
        const top = app.paper.scroller.scrollTop; app.area.focus({ preventScroll: true }); app.area.setSelectionRange(mark.start, mark.end); app.paper.scroller.scrollTop = top; }""".replace(
            "APP", APP
        ),
        [index],
    )
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    page.evaluate("() => document.querySelector('#magenta').remove()")
    hit = (shot[..., 0] > 230) & (shot[..., 1] < 40) & (shot[..., 2] > 230)
    rows = np.flatnonzero(hit.any(axis=1))
    rects = []
    for band in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []:
        for low in range(0, len(band), 24):  # lines are 24 px high and touch each other
            part = band[low : low + 24]
            columns = np.flatnonzero(hit[part].any(axis=0))
            rects.append((float(columns[0]), float(part[0]), float(columns[-1] + 1), float(part[-1] + 1)))
    return rects


def assert_marks_fit(page: Page, expected: list[str]) -> None:
    """Every expected word is marked, and each of its boxes lies on the painted word within 2 px."""
    assert [word for word, _ in marks(page)] == expected
    for index in range(len(expected)):
        boxes, painted = box_rects(page, index), seen_rects(page, index)
        assert len(boxes) == len(painted) > 0, (expected[index], boxes, painted)
        for line, ((left, top, right, bottom), (x0, y0, x1, y1)) in enumerate(zip(boxes, painted, strict=True)):
            hanging = 2 if line == len(boxes) - 1 else 14  # the browser paints the space at a line's end as selected, the mark leaves it out
            assert abs(left - x0) <= 2 and -2 <= x1 - right <= hanging, (expected[index], boxes, painted)
            assert top >= y0 - 2 and bottom <= y1 + 2 and bottom - top > 12, (expected[index], boxes, painted)


TEXTS = {
    "plain": ("a red boat and a dragon", ["red", "boat", "dragon"]),
    "wrapped": ("a boat " * 3 + "word " * 12 + "and a red boat, " * 3 + "hot air balloon " * 4, ["boat"] * 3 + ["red", "boat"] * 3 + ["hot air balloon"] * 4),
    "lines and tabs": ("\tred\tboat\n\n  sea \t dragon\n", ["red", "boat", "sea", "dragon"]),
    "emoji before": ("🎈👨‍👩‍👧🏳️‍🌈 a red boat 🐉 and a bird", ["red", "boat", "🐉", "bird"]),
    "arabic": ("قارب على بحر red", ["قارب", "بحر", "red"]),
    "chinese": ("一只船在海上, red", ["船", "海", "red"]),
    "mixed directions": ("a red قارب on the بحر with a bird\nقارب red بحر", ["red", "قارب", "بحر", "bird", "قارب", "red", "بحر"]),
    "one endless word": ("x" * 300 + " red boat", ["red", "boat"]),
    "spaces at the line end": ("word " * 9 + " " * 60 + "red boat", ["red", "boat"]),
    "combining": ("cafe\u0301 n\u0303 red boat", ["red", "boat"]),
}


@pytest.mark.parametrize("name", list(TEXTS))
def test_the_marks_lie_under_the_words(open_page: Open, name: str) -> None:
    text, words = TEXTS[name]
    page = open_page()
    fill(page, text)
    assert_marks_fit(page, words)


def test_typed_words_are_marked_with_their_kind_and_reach_python(open_page: Open, server: Server) -> None:
    page = open_page()
    area(page).press_sequentially("A red boat and a dragon", delay=15)
    settled(page)
    assert marks(page) == [["red", True], ["boat", True], ["dragon", False]]
    expect(page.locator("#box .pb-known")).to_have_count(2)
    expect(page.locator("#box .pb-strange")).to_have_count(1)
    expect(page.locator("#box .pb-said")).to_have_text("A scene with red, boat.")
    assert server.asked[-1] == {"prompt": "A red boat and a dragon", "settings": {"width": 256, "height": 144}}
    assert len(server.asked) < 6  # a question for each key would be 23
    expect(page.locator("#length textarea, #length input")).to_have_value("23")
    page.click("#run")
    expect(page.locator("#got")).to_contain_text("A red boat and a dragon")
    assert server.seen[-1] == {"prompt": "A red boat and a dragon"}


def test_marks_follow_an_edit_before_the_answer_comes(open_page: Open) -> None:
    page = open_page()
    fill(page, "a red boat and a dragon on the sea")
    page.evaluate(f"() => {{ {APP}.asker.read = () => new Promise(() => 0); }}")
    area(page).press("Home")
    page.keyboard.insert_text("🎈🎈 look: ")
    assert_marks_fit(page, ["red", "boat", "dragon", "sea"])
    page.evaluate(f"() => {{ const at = {APP}.area.value.indexOf('boat'); {APP}.area.setSelectionRange(at + 1, at + 2); }}")
    page.keyboard.press("Delete")
    assert_marks_fit(page, ["red", "dragon", "sea"])


def test_a_scrolled_box_keeps_marks_and_caret_in_place(open_page: Open) -> None:
    page = open_page()
    area(page).focus()
    for _ in range(11):
        page.keyboard.insert_text("a red boat")
        page.keyboard.press("Enter")
    page.keyboard.insert_text("a dragon")
    settled(page)
    frame = page.locator("#box .pb-scroll").bounding_box()
    assert frame is not None and 6 * 24 <= frame["height"] <= 6 * 24 + 24  # twelve lines unlimited: 288
    assert page.evaluate(f"() => {APP}.paper.scroller.scrollTop") > 100  # at the top: 0
    last = len(marks(page)) - 1
    (left, top, right, bottom), (x0, y0, x1, y1) = box_rects(page, last)[0], seen_rects(page, last)[0]
    assert frame["y"] <= top and frame["y"] + frame["height"] - bottom >= 8  # the browser alone leaves 1 px below the caret's line
    assert abs(left - x0) <= 2 and abs(right - x1) <= 2 and y0 - 2 <= top and bottom <= y1 + 2
    assert page.evaluate(f"() => {APP}.area.scrollTop") == 0
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(100)
    assert page.evaluate(f"() => {APP}.paper.mirror.offsetHeight === {APP}.area.offsetHeight")


def test_an_offer_replaces_its_word_and_undo_brings_it_back(open_page: Open) -> None:
    page = open_page()
    fill(page, "🎈 Dragon and boat, a dragon")
    offers = page.locator("#box .pb-unknown")
    expect(offers).to_contain_text("I do not know:")
    offers.get_by_role("button", name="Replace Dragon by whale").click()
    expect(area(page)).to_have_value("🎈 Whale and boat, a whale")
    expect(area(page)).to_be_focused()
    settled(page)
    expect(offers).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(area(page)).to_have_value("🎈 Dragon and boat, a dragon")
    settled(page)
    assert [word for word, _ in marks(page)] == ["Dragon", "boat", "dragon"]
    area(page).press("Tab")  # by keyboard: the first offer comes after the text
    page.keyboard.press("Enter")
    expect(area(page)).to_have_value("🎈 Bird and boat, a bird")


def test_words_without_an_offer_and_guesses_say_so(open_page: Open) -> None:
    page = open_page()
    fill(page, "a wizard and a ballon")
    items = page.locator("#box .pb-unknown li")
    expect(items.nth(0)).to_have_text("wizardleft out")
    expect(items.nth(1)).to_contain_text("read as balloon")
    expect(items.nth(1).get_by_role("button")).to_have_count(2)


def test_ideas_fill_the_text_and_can_be_undone_from_their_button(open_page: Open) -> None:
    page = open_page()
    fill(page, "mine")
    idea = page.locator("#box .pb-idea").nth(1)
    idea.click()
    expect(area(page)).to_have_value(IDEAS[1])
    expect(idea).to_be_focused()
    page.keyboard.press("Control+z")
    expect(area(page)).to_have_value("mine")
    taken = []
    for _ in range(6):
        page.locator("#box").get_by_role("button", name="A random idea").click()
        taken.append(area(page).input_value())
    assert set(taken) <= set(IDEAS) and all(a != b for a, b in zip(taken, taken[1:], strict=False))


def test_only_the_newest_answer_counts_and_one_question_is_under_way(open_page: Open) -> None:
    page = open_page()
    result = page.evaluate(
        """async () => { const app = APP, wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const asked = []; let open = 0, most = 0; const real = app.asker.read, said = [];
        app.asker.read = async (question) => { asked.push(question.prompt); most = Math.max(most, ++open); await wait(asked.length === 1 ? 900 : 60); const answer = await real(question); open--; return answer; };
        const show = app.hints.show.bind(app.hints); app.hints.show = (...what) => { said.push(what[0]); show(...what); };
        for (const word of ['red', 'blue', 'sea', 'bird']) { app.area.value = word; app.area.dispatchEvent(new Event('input')); await wait(260); }
        await wait(1800); return { asked, most, said }; }""".replace("APP", APP)
    )
    assert result["asked"] == ["red", "bird"]  # asked at every pause: four
    assert result["most"] == 1
    assert result["said"] == ["A scene with bird."]  # the late answer about red was dropped
    assert marks(page) == [["bird", True]]


def test_an_answer_that_comes_while_one_types_on_is_dropped(open_page: Open) -> None:
    page = open_page()
    said = page.evaluate(
        """async () => { const app = APP, wait = (ms) => new Promise((done) => setTimeout(done, ms)), said = [];
        const show = app.hints.show.bind(app.hints); app.hints.show = (...what) => { said.push(what[0]); show(...what); };
        let answer; app.asker.read = () => new Promise((done) => { answer = done; });
        const type = (text) => { app.area.value = text; app.area.dispatchEvent(new Event('input')); };
        type('red'); await wait(300); type('blue'); answer({ said: 'about red', understood: [], unknown: [] }); await wait(60);
        const early = [...said]; await wait(300); answer({ said: 'about blue', understood: [], unknown: [] }); await wait(60); return [early, said]; }""".replace("APP", APP)
    )
    assert said == [[], ["about blue"]]  # taken as it comes: red first


def test_python_sets_the_value_and_it_is_read(open_page: Open, server: Server) -> None:
    page = open_page()
    fill(page, "a dragon")
    page.click("#set")
    expect(area(page)).to_have_value("🎈 a hot air balloon\nover the sea")
    expect(page.locator("#box .pb-said")).to_have_text("A scene with balloon, sea.")
    assert_marks_fit(page, ["hot air balloon", "sea"])
    page.click("#run")
    expect(page.locator("#got")).to_contain_text("hot air balloon")
    assert server.seen[-1] == {"prompt": "🎈 a hot air balloon\nover the sea"}


def test_changed_settings_ask_again_and_shape_the_stage(open_page: Open, server: Server) -> None:
    page = open_page()
    fill(page, "a red boat")
    wide = page.locator("#box .pb-stage").bounding_box()
    page.click("#tall")
    page.wait_for_function(f"() => {APP}.film.canvas.height === 256")
    tall = page.locator("#box .pb-stage").bounding_box()
    assert server.asked[-1] == {"prompt": "a red boat", "settings": {"width": 144, "height": 256}}
    page.click("#square")
    page.wait_for_function(f"() => {APP}.film.canvas.height === 200")
    square = page.locator("#box .pb-stage").bounding_box()
    assert wide and tall and square
    for shape, box in ((16 / 9, wide), (9 / 16, tall), (1.0, square)):
        assert box["width"] / box["height"] == pytest.approx(shape, rel=0.03) and box["height"] <= 302
    assert area(page).input_value() == "a red boat"


def film(page: Page) -> list[int]:
    """A grid of 24 x 24 samples of what the animatic shows."""
    found: list[int] = page.evaluate(
        f"""() => {{ const c = document.createElement('canvas'); c.width = c.height = 24;
        c.getContext('2d').drawImage({APP}.film.canvas, 0, 0, 24, 24); return [...c.getContext('2d').getImageData(0, 0, 24, 24).data]; }}"""
    )
    return found


def difference(a: list[int], b: list[int]) -> float:
    return sum(abs(p - q) for p, q in zip(a, b, strict=True)) / len(a)


def test_the_animatic_plays_pauses_and_stays_until_the_next_one(open_page: Open) -> None:
    page = open_page()
    expect(page.locator("#box .pb-empty")).to_be_visible()
    fill(page, "a red boat at sunset")
    page.wait_for_selector("#box .pb-canvas:not([hidden])")
    first = film(page)
    page.wait_for_timeout(400)
    assert difference(first, film(page)) > 0.5  # paused: 0
    page.locator("#box").get_by_role("button", name="Pause the animatic").click()
    page.wait_for_timeout(50)
    held = film(page)
    page.wait_for_timeout(300)
    assert difference(held, film(page)) == 0
    area(page).fill("slow night")
    page.wait_for_timeout(350)
    expect(page.locator("#box .pb-shimmer")).to_be_visible()
    assert difference(held, film(page)) == 0  # emptied while it waits: above 50
    settled(page)
    page.wait_for_timeout(100)
    assert difference(held, film(page)) > 20
    fill(page, "")
    expect(page.locator("#box .pb-empty")).to_be_visible()
    assert page.locator("#box figcaption").inner_text() == "Animatic: drawn at once by the diorama, not by a model"


def test_reduced_motion_starts_paused(open_page: Open) -> None:
    page = open_page(reduced=True)
    fill(page, "a red boat")
    play = page.locator("#box").get_by_role("button", name="Play the animatic")
    expect(play).to_be_visible()
    first = film(page)
    page.wait_for_timeout(350)
    assert difference(first, film(page)) == 0  # playing: above 0.5
    play.click()
    page.wait_for_timeout(400)
    assert difference(first, film(page)) > 0.5


def test_an_error_is_a_line_and_a_lost_server_too(open_page: Open) -> None:
    page = open_page()
    fill(page, "red fail")
    said = page.locator("#box .pb-said")
    expect(said).to_have_text("this prompt fails: take out the word")
    assert marks(page) == []
    fill(page, "red crash")
    expect(said).to_contain_text("Run still works")
    fill(page, "red boat")
    expect(said).to_have_text("A scene with red, boat.")
    expect(said).to_have_attribute("data-kind", "")


def test_a_screen_reader_hears_the_pause_and_not_the_keys(open_page: Open) -> None:
    page = open_page()
    live = page.locator("#box [aria-live=polite]")
    page.evaluate(f"() => {{ window.heard = []; new MutationObserver(() => heard.push({APP}.hints.live.textContent)).observe({APP}.hints.live, {{ childList: true }}); }}")
    area(page).press_sequentially("a red boat, a dragon", delay=60)
    expect(live).to_have_text("A scene with red, boat. I do not know: dragon, offered bird or whale.")
    assert page.evaluate("() => heard.length") == 1
    ids = (area(page).get_attribute("aria-describedby") or "").split()
    assert len(ids) == 3 and all(page.locator(f"#{name}").count() == 1 for name in ids)
    assert page.get_by_label("Prompt").first.evaluate("node => node.tagName") == "TEXTAREA"


def test_the_meaning_shows_on_hover_and_at_the_caret(open_page: Open) -> None:
    page = open_page()
    fill(page, "a hot air balloon and a dragon")
    tip = page.locator("#box .pb-tip")
    (left, top, right, bottom) = box_rects(page, 0)[0]
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    expect(tip).to_have_text("balloon")
    page.mouse.move(right + 20, bottom + 60)
    expect(tip).to_be_hidden()
    fill(page, "a hot air balloon, a boat and a dragon")
    (left, top, right, bottom) = box_rects(page, 1)[0]
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    expect(tip).to_be_hidden()  # a boat is a boat
    area(page).focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(tip).to_have_text("not known: bird, whale?")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_letters_under_composition_are_not_read(open_page: Open, server: Server) -> None:
    page = open_page()
    area(page).focus()
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "ふ", "selectionStart": 1, "selectionEnd": 1})
    page.wait_for_timeout(400)
    assert server.asked == [] and area(page).input_value() == "ふ"  # read at every key: one question
    session.send("Input.insertText", {"text": "船"})
    page.wait_for_function(f"() => {APP}.marks.length === 1")
    assert [question["prompt"] for question in server.asked] == ["船"]


def test_blank_and_strange_texts_do_no_harm(open_page: Open, server: Server) -> None:
    page = open_page()
    for blank in ("   ", "\n\n\t \n", "\u3000"):
        area(page).fill(blank)
        page.wait_for_timeout(300)
        expect(page.locator("#box .pb-empty")).to_be_visible()
    assert server.asked == []
    for odd in ("<b>red</b> &amp; <img src=x onerror=alert(1)>", "\u202ered boat\u202c", "👩🏽‍🚀" * 50 + " red", "\u0301" * 40 + " red", "ﷺ" * 30 + " red"):
        fill(page, odd)
        assert "red" in [word for word, _ in marks(page)], odd
    assert page.locator("#box img").count() == 0


def test_a_pasted_book_is_kept_named_too_long_and_not_read(open_page: Open, server: Server) -> None:
    page = open_page()
    fill(page, "red boat")
    server.asked.clear()
    book = ("A red boat 🎈 sails on the sea. " * 400)[:10000]
    page.evaluate(f"() => {APP}.area.select()")
    page.keyboard.insert_text(book)
    limit = page.locator("#box .pb-over")
    expect(limit).to_have_text(f"{len(book):,} characters are over 2,000: shorten the prompt. Nothing is cut.")
    expect(area(page)).to_have_attribute("aria-invalid", "true")
    assert area(page).input_value() == book
    page.wait_for_timeout(600)
    assert server.asked == [] and marks(page) == []
    assert page.locator(".toast-body").count() == 0  # the line is enough
    seen = len(server.seen)
    page.click("#run")
    page.wait_for_timeout(500)
    assert len(server.seen) == seen  # Python refused it whole
    page.evaluate(f"() => {APP}.area.select()")
    page.keyboard.insert_text("a " * 120_000)
    expect(limit).to_contain_text("240,000 characters")
    box = page.locator("#box .pb-scroll").bounding_box()
    assert box is not None and box["height"] <= 6 * 24 + 24
    fill(page, "red " * 480)
    expect(page.locator("#box .pb-limit")).to_have_text("1,920 of 2,000 characters")
    assert len(marks(page)) == 480


def test_emoji_count_as_python_counts_them(open_page: Open, server: Server) -> None:
    page = open_page()
    fill(page, "🎈" * 1990 + " red boat")
    expect(page.locator("#box .pb-limit")).to_have_text("1,999 of 2,000 characters")  # counted in UTF-16: 3,989 and refused
    page.evaluate(f"() => {{ {APP}.paper.scroller.scrollTop = 1e6; }}")
    assert_marks_fit(page, ["red", "boat"])
    assert len(server.asked[-1]["prompt"]) == 1999


def test_ctrl_enter_is_left_to_the_page(open_page: Open) -> None:
    page = open_page()
    fill(page, "a red boat")
    page.evaluate("() => { window.heard = []; document.addEventListener('keydown', (event) => heard.push([event.key, event.ctrlKey, event.defaultPrevented])); }")
    area(page).press("Control+Enter")
    assert ["Enter", True, False] in page.evaluate("() => heard")
    assert area(page).input_value() == "a red boat"


def test_a_phone_has_room_for_everything(open_page: Open) -> None:
    page = open_page(phone=True)
    fill(page, "A red boat sails left on the sea at sunset with a dragon, a ballon and a wizard " + "x" * 80)
    page.wait_for_selector("#box .pb-canvas:not([hidden])")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert_marks_fit(page, ["red", "boat", "sails", "left", "sea", "sunset", "dragon", "ballon", "wizard"])
    for node in page.locator("#box button:visible").all():
        box = node.bounding_box()
        assert box is not None and box["width"] >= 40 and box["height"] >= 40, node.inner_text()
    page.locator("#box .pb-unknown button").first.tap()
    expect(area(page)).not_to_be_focused()  # focused, the phone's keyboard would come up
    assert "bird" in area(page).input_value()


def test_without_a_server_function_it_is_a_text_field(open_page: Open) -> None:
    page = open_page()
    page.get_by_text("Without a server function").click()
    plain = page.locator("#plain")
    expect(plain.locator("textarea")).to_have_value("a red boat")
    plain.locator("textarea").fill("a red boat and much more")
    expect(plain.locator(".pb-over")).to_be_visible()
    assert plain.locator("figure, .pb-known").count() == 0
    assert not plain.locator(".pb-ideas").is_visible() and not plain.locator(".pb-said").is_visible()


def test_starting_twice_leaves_one_instance(open_page: Open, server: Server) -> None:
    page = open_page()
    fill(page, "a red boat")
    page.evaluate(f"() => {{ const old = {APP}; old.destroy(); old.root.promptBox = new old.constructor(old.root, {{ props: old.props, server: {{ read: old.asker.read }}, watch: () => 0 }}); }}")
    expect(page.locator("#box textarea")).to_have_count(1)
    expect(area(page)).to_have_value("a red boat")
    server.asked.clear()
    fill(page, "a blue bird")
    assert len(server.asked) == 1 and marks(page) == [["blue", True], ["bird", True]]
