"""Modems of a labgrid lab: a driver for the port of a place, and a strategy.

It needs the extra ``m531x[labgrid]``. An environment imports this module, and then knows
`M531xDriver` and `M531xStrategy`::

    imports:
      - m531x.labgrid
    targets:
      main:
        resources:
          RemotePlace:
            name: !template $LG_PLACE
        drivers:
          - M531xDriver: {}
          - M531xStrategy:
              connect: {host: broker.example}

`docs/how-to/use-labgrid.md` shows the whole way, from the exporter to a test.
"""

from __future__ import annotations

from m531x.labgrid._driver import M531xDriver
from m531x.labgrid._strategy import M531xStrategy, Status

__all__ = ["M531xDriver", "M531xStrategy", "Status"]
