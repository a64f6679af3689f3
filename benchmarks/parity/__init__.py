"""Claims of equality, checked: ``python -m benchmarks parity``.

``texts`` gives documents, ``pairs`` says who claims to equal whom in what, ``references`` trains both sides,
``checks`` holds them against each other, ``report`` shows the rows, and ``command`` leads through it.
"""
