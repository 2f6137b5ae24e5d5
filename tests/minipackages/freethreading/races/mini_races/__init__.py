"""A seat that is taken by check-then-act: two threads may both find it free."""


class Seat:
    def __init__(self):
        self.taken_by = []

    def take(self, who):
        if not self.taken_by:
            ticket = [f"{who}-{number}" for number in range(10_000)][-1]
            self.taken_by.append(ticket)
