"""Every page on what real engines did: what it says is compared with what was sent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import shoot
from tests.ui.journey.asking import CROWD, LONG
from tests.ui.journey.conftest import CHAT_REQUESTS, INSTANCE, TRITON, Journey
from tests.ui.journey.working import NEW_TOKENS, PROMPTS
from tests.ui.test_appearance import is_whole
from tests.ui.test_overview import point
from tests.ui.waiting import soon

CARD = "GPU-000000a0-0000-4000-8000-000000000000"
CHATS = (
    2 + 1 + 1 + 1 + CROWD
)  # of the client: chats, two choices, one who left, one refused, the crowd
SOON_MS = 120_000
needs_triton = pytest.mark.skipif(TRITON is None, reason="AXONIZE_TRITON_PYTHON names no Python")


def tree(page: Page) -> Locator:
    return page.get_by_role("treeitem")


def figures(page: Page) -> Locator:
    return page.locator("dl").first


def parts(page: Page) -> Locator:
    return page.get_by_role("list", name="Parts of the time").get_by_role("listitem")


def open_trace(page: Page, trace: str, more: str = "") -> None:
    page.goto(f"/traces/{trace}{more}")
    expect(figures(page)).to_contain_text("Duration")


@pytest.fixture
def preempted(journey: Journey) -> str:
    """Return a trace of the crowd whose request had to wait for the cache in between."""
    of_crowd = [
        trace
        for trace in journey.traces("vllm", "decode")
        if journey.totals(trace)["axonize.preemption.count"] > 0
    ]
    assert of_crowd, "the crowd has filled the cache"
    return of_crowd[0]


def test_what_the_programs_were_told(journey: Journey) -> None:
    plain, streamed, two, refused = journey.asked
    made = [each["completion_tokens"] for each in (plain, streamed, two)]
    assert (made, refused) == ([12, 40, 2 * 16], 400)
    assert [each["completion_tokens"] for each in journey.crowd] == [LONG] * CROWD
    assert journey.worked["text"]["batched"] == [NEW_TOKENS] * len(PROMPTS)
    assert journey.worked["image"] == [1, 16, 16, 3]


def test_the_overview(page: Page, journey: Journey) -> None:
    page.goto("/")
    expect(page.get_by_role("table", name="Models").get_by_role("link").first).to_be_visible()
    services = page.get_by_role("table", name="Services").get_by_role("row")
    # The last half minute is not yet on the page.
    expect(services.filter(has_text="chat-app")).to_contain_text(str(CHATS), timeout=SOON_MS)
    expect(page.locator("dl > div").filter(has_text="GPU power")).to_contain_text("650 W")
    # Without the start of the engine, and without what was loaded.
    took = [each["duration_ms"] for each in journey.listed(setup="false")]
    whole = soon(
        page,
        lambda: journey.get("/analytics/requests")["whole"],
        lambda whole: whole["requests"] == len(took),
    )
    assert whole["duration_ms"]["p99"] == max(took)
    assert len(took) < len(journey.listed())
    is_whole(page, "real-overview")
    page.get_by_label("Traces behind Error rate").click()
    expect(page.locator("footer")).to_contain_text("1 trace")


def test_how_full_the_cache_was(page: Page, journey: Journey, preempted: str) -> None:
    """The picture has many points, and the crowd is in one or two of them."""
    steps = journey.steps(journey.totals(preempted)["axonize.engine.id"])
    fullest = max(steps, key=lambda step: float(step["kv_cache_usage"]))
    at = moment(fullest["start_time"])
    stretch = {"from": at - timedelta(minutes=10), "to": at + timedelta(minutes=10)}
    edges = "&".join(f"{name}={edge.isoformat()}.000Z" for name, edge in stretch.items())
    with page.expect_response(re.compile(r"/analytics/engines\?.*points=\d\d")) as coming:
        page.goto(f"/?{edges}")
    answer, asked = coming.value.json(), parse_qs(urlsplit(coming.value.url).query)
    bucket = max(answer["items"], key=lambda each: float(each["max_kv_cache_usage"]))
    assert fullest["kv_cache_usage"] > 0.8, "the crowd has nearly filled it"
    assert bucket["max_kv_cache_usage"] == pytest.approx(fullest["kv_cache_usage"])
    first, last = moment(asked["from"][0]), moment(asked["to"][0])
    middle = moment(bucket["time"]) + timedelta(milliseconds=answer["width_ms"] / 2)
    chart = page.get_by_role("img", name=re.compile("^KV cache:"))
    chart.scroll_into_view_if_needed()
    page.mouse.move(*point(page, chart, (middle - first) / (last - first)))
    share = f"{bucket['max_kv_cache_usage'] * 100:.0f} %"
    expect(page.get_by_role("img", name=re.compile(f"^KV cache: .*, {share}$"))).to_be_visible()


def moment(time: str) -> datetime:
    """Return a time of the API, in UTC, to the second."""
    return datetime.fromisoformat(time[:19])


def test_the_traces(page: Page, journey: Journey) -> None:
    page.goto("/traces?service=chat-app")
    expect(page.locator("footer")).to_contain_text(f"{CHATS} traces")
    expect(page.locator("tr[data-trace]").filter(has_text="Error")).to_have_count(1)
    expect(page.locator("tr[data-trace]").filter(has_text="chat tiny")).to_have_count(2)
    is_whole(page, "real-traces")


OUTPUT = "gen_ai.usage.output_tokens"


def test_tokens_that_the_client_and_the_server_tell_count_once(
    page: Page, journey: Journey
) -> None:
    usage = journey.asked[0]
    (chat,) = [
        each["trace_id"]
        for each in journey.listed(service="chat-app")
        if each["output_tokens"] == usage["completion_tokens"]
    ]
    said = {
        span["kind"]: span["attributes"][OUTPUT]
        for span in journey.spans(chat)
        if OUTPUT in span["attributes"]
    }
    assert said == dict.fromkeys(("client", "internal"), usage["completion_tokens"])
    open_trace(page, chat)
    tokens = f"{usage['prompt_tokens']} / {usage['completion_tokens']}"
    expect(figures(page)).to_contain_text(f"Tokens in / out{tokens}")
    page.goto("/traces?service=chat-app")
    expect(page.locator(f'tr[data-trace="{chat}"]')).to_contain_text(tokens)


def test_the_tokens_of_a_model_are_those_of_its_requests(page: Page, journey: Journey) -> None:
    served = [span for trace in journey.traces("vllm") for span in journey.spans(trace)]
    made = sum(each["attributes"].get(OUTPUT, 0) for each in served if each["kind"] != "client")
    # One more left before all of hers were made.
    assert made > 12 + 40 + 2 * 16 + CROWD * LONG

    def told() -> dict[str, int]:
        models = journey.get("/analytics/models")["items"]
        return {each["name"]: each["output_tokens"] for each in models}

    soon(page, told, lambda found: found.get("tiny") == made)
    (over_time,) = journey.get("/analytics/throughput?model=tiny&points=1")["items"]
    assert over_time["output_tokens"] == made


def test_a_trace_of_vllm(page: Page, journey: Journey, preempted: str) -> None:
    open_trace(page, preempted, "?why=parts")
    for name in ("text_completion tiny", "POST /v1/completions", "prefill", "decode", "delivery"):
        expect(tree(page).filter(has_text=name).first).to_be_attached()
    expect(parts(page).filter(has_text="Preempted").first).to_contain_text("preemptions")
    decoded = parts(page).filter(has_text=f"output tokens {LONG}").first
    expect(decoded).to_be_visible()
    expect(page.get_by_test_id("steps")).to_contain_text(re.compile("preempted.*steps · batch"))
    expect(page.get_by_text("GPU-000000a0").first).to_be_attached()
    is_whole(page, "real-vllm")
    page.set_viewport_size({"width": 1440, "height": 900})
    mate = decoded.get_by_role("link").first
    there = mate.get_attribute("href") or ""
    mate.click()
    expect(page).to_have_url(re.compile(there.partition("?")[0]))
    assert preempted not in there
    expect(page.get_by_role("complementary", name="Selected span")).to_contain_text("tiny")
    page.goto(f"/traces/{preempted}?as=flame")
    expect(page.get_by_role("img", name=re.compile("spans in"))).to_be_visible()
    is_whole(page, "real-vllm-flame")


def test_what_a_request_of_vllm_has_cost(page: Page, journey: Journey, preempted: str) -> None:
    spans = journey.get(f"/traces/{preempted}/spans")["items"]
    (totals,) = [span for span in spans if span["name"] == "engine.request"]
    open_trace(page, preempted, f"?span={totals['span_id']}")
    panel = page.get_by_role("complementary", name="Selected span")
    expect(panel).to_contain_text("Cost$0.0")
    expect(panel).to_contain_text("NVIDIA H100 80GB HBM3")
    assert totals["attributes"]["axonize.gpu.energy.source"] == "counter"
    is_whole(page, "real-span")


def test_two_choices_and_one_who_left(page: Page, journey: Journey) -> None:
    (two,) = journey.traces("vllm", "choice")
    open_trace(page, two)
    expect(tree(page).filter(has_text=re.compile("^choice"))).to_have_count(2)
    shoot(page, "real-choices")
    gone = [
        trace
        for trace in journey.traces("vllm", "decode")
        if journey.totals(trace)["gen_ai.response.finish_reasons"] == ["abort"]
    ]
    assert len(gone) == 1
    open_trace(page, gone[0], "?why=parts")
    expect(page.get_by_role("region", name="Where the time went")).to_contain_text("client")
    shoot(page, "real-abort")


def test_a_cold_start(page: Page, journey: Journey) -> None:
    (start,) = journey.traces("vllm", "cold start")
    assert [each["trace_id"] for each in journey.listed(service="vllm", setup="true")] == [start]
    loaded = [each["name"] for each in journey.listed(service="batch-job", setup="true")]
    assert {"load tiny-llama", "load tiny-diffusion"} <= set(loaded)
    open_trace(page, start)
    expect(page.get_by_role("heading", name="cold start")).to_contain_text("set-up")
    for name in ("imports", "engine core", "weights", "warm-up"):
        expect(tree(page).filter(has_text=name).first).to_be_attached()
    shoot(page, "real-cold-start")


def test_traces_of_transformers(page: Page, journey: Journey) -> None:
    batched = journey.traces("batch-job", "engine.request")
    assert len(batched) == len(PROMPTS)
    open_trace(page, batched[0], "?why=parts")
    # One may be at work before the next one is handed over.
    steps = rf"{NEW_TOKENS} steps · batch (\d\u2013)?{len(PROMPTS)}"
    expect(page.get_by_test_id("steps")).to_contain_text(re.compile(steps))
    expect(page.get_by_test_id("steps")).to_contain_text("mates: 2 requests")
    expect(figures(page)).to_contain_text(re.compile(rf"Tokens in / out\d / {NEW_TOKENS}"))
    is_whole(page, "real-transformers")
    written = journey.traces("batch-job", "text_completion tiny-llama")
    (alone,) = set(written) - set(batched)
    open_trace(page, alone)
    prompt = journey.worked["text"]["prompt"]
    expect(figures(page)).to_contain_text(f"Tokens in / out{prompt} / {NEW_TOKENS}")
    shoot(page, "real-generate")


def test_a_trace_of_a_picture_and_one_of_a_module(page: Page, journey: Journey) -> None:
    (drawn,) = journey.traces("batch-job", "generate_content tiny-diffusion")
    open_trace(page, drawn)
    expect(tree(page).filter(has_text="generate_content tiny-diffusion")).to_have_count(1)
    expect(page.get_by_text("MIG-000000a1").first).to_be_attached()
    shoot(page, "real-diffusion")
    (called,) = journey.traces("batch-job", "forward Sequential")
    open_trace(page, called)
    expect(tree(page)).to_have_count(1)
    shoot(page, "real-module")


@needs_triton
def test_a_trace_of_triton(page: Page, journey: Journey) -> None:
    assert journey.inferred == [0.0, 2.0, 4.0, 6.0, 0.0, 1.0, 2.0]
    inferences = journey.traces("features", "infer double")
    assert len(inferences) == 4
    open_trace(page, inferences[0])
    expect(tree(page).filter(has_text="execute double")).to_have_count(2)
    expect(tree(page).filter(has_text="doubling")).to_have_count(1)
    is_whole(page, "real-triton")


def test_the_engine(page: Page, journey: Journey, preempted: str) -> None:
    engine = journey.totals(preempted)["axonize.engine.id"]
    page.goto(f"/engines?engine={engine}")
    expect(page.get_by_role("img", name=re.compile("^Batch size"))).to_be_visible()
    expect(figures(page)).to_contain_text("Modeltiny")
    expect(figures(page)).to_contain_text(re.compile(r"Preemptions[1-9]"))
    is_whole(page, "real-engine")


def test_the_gpus(page: Page, journey: Journey) -> None:
    page.goto("/gpus")
    expect(page.get_by_text("2 GPUs")).to_contain_text("650 W")
    is_whole(page, "real-gpus")
    page.goto(f"/gpus/{CARD}")
    expect(page.get_by_role("img", name="Power: 400 W")).to_be_visible()
    users = page.get_by_role("region", name="Who uses this GPU")
    expect(users.get_by_role("listitem").filter(has_text="vllm").first).to_contain_text("cuda:0")
    is_whole(page, "real-gpu")
    page.goto(f"/gpus/{INSTANCE}")
    expect(users.get_by_role("listitem").filter(has_text="batch-job").first).to_be_visible()
    is_whole(page, "real-instance")


def test_the_models(page: Page, journey: Journey) -> None:
    page.goto("/models")
    for name in ("tiny", "tiny-llama", "tiny-diffusion"):
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))
        expect(row.get_by_role("cell").last).to_contain_text("$0.0")
    is_whole(page, "real-models")


def test_the_cost(page: Page, journey: Journey) -> None:
    page.goto("/cost")
    rows = page.get_by_role("row")
    tiny = rows.filter(has=page.get_by_role("rowheader", name=re.compile("^tiny ?[0-9<>]")))
    expect(tiny).to_contain_text(f"{CHAT_REQUESTS}")
    expect(tiny).to_contain_text(re.compile(r"\$0\.0*[1-9]"))
    now = journey.cost()
    assert now["tiny"]["busy_gpu_seconds"] > 0
    assert now["tiny-llama"]["requests"] == len(PROMPTS) + 1
    assert now["tiny-diffusion"]["busy_usd"] > 0
    is_whole(page, "real-cost")


def test_the_health(page: Page, journey: Journey) -> None:
    page.goto("/health")
    processes = page.get_by_role("region", name="Processes").get_by_role("listitem")
    expect(processes.filter(has_text="batch-job").first).to_contain_text("none lost")
    expect(processes.filter(has_text="chat-app").first).to_contain_text("openai")
    is_whole(page, "real-health")


def test_the_settings(page: Page, journey: Journey) -> None:
    page.goto("/settings")
    expect(page.get_by_label("Admin key")).to_be_visible()
    is_whole(page, "real-settings")
