"""What people say about findings, to each other."""

from typing import Final

from integrates.server.demo.step import GUS, HANA, URI, VERA, Act, Step, asked, finding_of, mutation

_SAY: Final = mutation("addFindingComment", findingId="ID!", type="CommentType!", content="String!")


def _said(by: str, finding: str, content: str) -> Act:
    return asked(by, _SAY, findingId=finding_of(finding), type="CONSULT", content=content)


STEPS: Final = (
    Step(116, "a question about prices", _said(URI, "webshop/price_from_browser", "Is the till of the stores affected, too?")),
    Step(115.5, "its answer", _said(HANA, "webshop/price_from_browser", "No, the till reads prices from the catalogue.")),
    Step(93, "a remark about sessions", _said(VERA, "webshop/session_after_logout", "The new login service ends sessions.")),
    Step(58.8, "a remark about the log", _said(URI, "payments/card_numbers_in_log", "Old logs are deleted on the first.")),
    Step(136, "a remark about shipments", _said(GUS, "cargo/shipments_by_number", "The carriers were told today.")),
)
