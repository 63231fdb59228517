"""Routes about money that others hold: refunds to pay at channels, settlements and disputes."""
