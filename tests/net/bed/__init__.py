"""bed: what a net test stands on: namespaces wired together, lacon in one of them, real programs at the ends.

Everything that outlives a function here is on the janitor's list and goes when the runner goes, however it
goes. Namespaces carry the runner's pid in their names, so runs in parallel do not meet.
"""
