from tests.telegram.conftest import desk
from tests.telegram.stage import stage

__all__ = ["desk", "stage"]
