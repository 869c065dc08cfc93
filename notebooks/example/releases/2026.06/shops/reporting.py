"""Tell people what the forecast says."""

from pathlib import Path
from urllib.request import Request, urlopen

from flytekit import current_context, task
from flytekit.types.file import FlyteFile

from shops.cluster import CHAT_WEBHOOK, SMALL, source
from shops.datatypes import ForecastFrame, Metrics, OrderLine


@task(
    requests=SMALL,
    interruptible=True,
    enable_deck=True,
    environment={"REPORT_LANGUAGE": "en"},
    docs=source("reporting"),
)
def render_report(
    forecast: ForecastFrame, orders: list[OrderLine], metrics: Metrics | None = None
) -> FlyteFile["html"]:  # noqa: F821
    """Render the planners' morning page.

    Parameters
    ----------
    forecast : ForecastFrame
        The demand.
    orders : list[OrderLine]
        What will be ordered.
    metrics : Metrics or None
        Errors of the last seven days.

    Returns
    -------
    FlyteFile
        The page.
    """
    page = Path("report.html")
    title = f"<h1>{len(orders)} order lines</h1>"
    note = f"<p>error of the last seven days: {metrics.wape:.1%}</p>" if metrics else ""
    page.write_text(title + note + forecast.describe().to_html())
    return FlyteFile(str(page))


@task(requests=SMALL, retries=5, secret_requests=[CHAT_WEBHOOK], docs=source("reporting"))
def notify_planners(report: FlyteFile["html"], planners: list[str], urgent: bool = False) -> None:  # noqa: F821
    """Post the page into the planners' channel.

    Parameters
    ----------
    report : FlyteFile
        The page.
    planners : list[str]
        Whom to mention.
    urgent : bool
        Ring their phones.
    """
    webhook = current_context().secrets.get("chat", "planners-webhook", group_version="2")
    text = ("urgent: " if urgent else "") + " ".join(f"@{name}" for name in planners)
    body = f"{text}\n{Path(report.path).name}".encode()
    with urlopen(Request(webhook, data=body, method="POST")):  # noqa: S310
        pass
