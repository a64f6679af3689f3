"""Speed and memory of toklab and its peers, side by side in one run: ``python -m benchmarks``.

What flows where: ``texts`` reads the documents, ``contenders`` says who takes part, ``rounds`` runs every
measurement in a fresh process (``child``, with ``trainers`` and ``encoders``), ``rows`` turns the outcomes into
figures, and ``table``, ``files`` and ``plot`` show them.
"""
