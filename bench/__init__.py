"""Measurements that print ratios against a named baseline. Nothing here is asserted: timings belong to the machine that ran them."""
