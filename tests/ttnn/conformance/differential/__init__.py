"""Differential testing of the emulation: one call described in JSON, made on the wheel and on the emulation.

Two processes: the wheel's lies apart because invalid input kills it (``server``), and because the emulation is then
used as its users do. Both run the same code (``side``) over their own ``ttnn``, so that nothing but ttnn differs.
"""
