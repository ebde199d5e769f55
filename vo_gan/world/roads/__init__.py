"""Where a town's streets run, and how cars and people move along them.

`line` describes a curve in plan, `terrain` the hills it lies on, `network` the streets and junctions of a town, `route`
the way a car takes through them, `vehicle` how it drives and `traffic` everybody else.

Plan coordinates are (x, z) of the y-down town: x right, z forward, in metres. A heading of zero looks along z and grows
to the right. Cars keep to the right. `offset` is metres to the right of a line, `station` metres along it.
"""
