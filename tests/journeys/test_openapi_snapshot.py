"""The Mini App's client is generated from `miniapp/openapi.json`, which must be what the API says of itself now."""

from pathlib import Path

from typer.testing import CliRunner

from app.__main__ import app

SNAPSHOT = Path(__file__).parents[2] / "miniapp" / "openapi.json"


def test_snapshot_is_current(tmp_path: Path) -> None:
    written = tmp_path / "openapi.json"
    result = CliRunner().invoke(app, ["openapi", str(written)])
    assert result.exit_code == 0, result.output
    assert written.read_text(encoding="utf-8") == SNAPSHOT.read_text(encoding="utf-8"), (
        "run `python -m app openapi miniapp/openapi.json` and `npm --prefix miniapp run api`"
    )
