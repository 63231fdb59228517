from tests.activities.test_refunds import *
def test_race(steps):
    steps.up_to("end_order")
    one, rest = come_in(steps, "CASE-ONE", {1: 1}), come_in(steps, "CASE-REST", {1: 1, 2: 1})
    real = steps.returns.payments
    class Slow:
        def refund(self, *a):
            steps.returns.payments = real
            steps.returns.refund_return(rest)
            return real.refund(*a)
    steps.returns.payments = Slow()
    steps.returns.refund_return(one)
    print("RACE", sum(recorded(steps)), PAID.minor_units)
    assert 0
