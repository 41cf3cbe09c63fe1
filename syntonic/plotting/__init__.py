"""Pictures and interactive pages of figures in the plane, in space and in four dimensions.

Nothing here opens a window or touches the state of `matplotlib.pyplot`.
"""

from syntonic.plotting.page import require_page, view
from syntonic.plotting.pictures import plot_model, require_matplotlib, require_picture
from syntonic.plotting.projection import project

__all__ = ["plot_model", "project", "require_matplotlib", "require_page", "require_picture", "view"]


def __dir__() -> list[str]:
    return [*__all__]
