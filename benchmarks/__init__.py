"""Speed and memory of toklab and its peers, side by side in one run: ``python -m benchmarks``.

What flows where: ``settings`` turns options into a plan, ``sources``, ``hostile`` and ``wordmodel`` give text,
``texts`` lays it on disk, ``contenders`` says who takes part, ``matrix`` lays out what is compared with what.
``rounds`` runs every measurement in a fresh process (``launch``, ``child``, with ``trainers``, ``models`` and
``encoders``), ``startup`` whole commands. ``rows``, ``fits`` and ``marks`` turn the outcomes into figures, and
``table``, ``markdown``, ``files`` and ``plot`` show them. ``parity`` is a command of its own:
``python -m benchmarks parity``.
"""
