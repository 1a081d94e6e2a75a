"""Chainage: how far along its line each fix is, in bulk.

A line that comes close to itself (a switchback, out and back) can be read in several ways at
one fix. So the answer is not a number but the runs: all pieces of the line that the fix may
lie on, its error circle taken into account. Which of them it is, the fold decides, since it
knows where the vehicle came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.geodesy import Floats

Ints = NDArray[np.int64]

CELLS_A_SEGMENT = 8
MOST_CELLS = 65_536
TOUCH_M = 1e-3  # pieces of a line that are this close to each other are one


class Runs(NamedTuple):
    """Pieces of lines that fixes may lie on, by fix and then along the line; shape (runs,).

    `near_m` is the point of the run nearest to the fix.
    """

    fix: Ints
    low_m: Floats
    near_m: Floats
    high_m: Floats


class Lines:
    """Polylines in metres. A coarse raster over each tells which of its segments matter in a
    cell, so that the length of a line costs a fix nothing."""

    def __init__(self, lines: Sequence[Floats], reach_m: Sequence[float] | Floats) -> None:
        """`lines`: vertices of each, shape (n, 2), each with some length. `reach_m`: for each,
        how far from it a fix can be that is asked for, its error circle included."""
        pieces = [_segments(line) for line in lines]
        self._x, self._y, self._ux, self._uy, self._long, self._at = np.concatenate(pieces).T.copy()
        self.length_m = np.array([piece[-1, 4] + piece[-1, 5] for piece in pieces])
        rasters = [_raster(piece, reach) for piece, reach in zip(pieces, reach_m, strict=True)]
        self._west, self._south, self._per_m, self._columns, self._rows = np.array(
            [raster.frame for raster in rasters]
        ).T.copy()
        cells = np.array([len(raster.first) for raster in rasters])
        self._cell = np.cumsum(cells) - cells
        sizes = np.array([len(piece) for piece in pieces])
        start = np.repeat(np.cumsum(sizes) - sizes, cells)
        self._first = np.concatenate([raster.first for raster in rasters]) + start
        self._count = np.concatenate([raster.many for raster in rasters])

    def runs(self, line: Ints, x: Floats, y: Floats, accuracy_m: Floats) -> Runs:
        """All that each fix may lie on: what of its line is as near as the nearest point, the
        radius of its error circle added. Nothing for a fix out of reach.

        `line`: index of each fix's line; all of shape (n,).
        """
        fix, segment = self._candidates(line, x, y)
        if not len(fix):
            return Runs(fix, np.zeros(0), np.zeros(0), np.zeros(0))
        dx, dy = x[fix] - self._x[segment], y[fix] - self._y[segment]
        ux, uy, long = self._ux[segment], self._uy[segment], self._long[segment]
        foot = dx * ux + dy * uy
        near = np.minimum(np.maximum(foot, 0.0), long)
        far2 = np.square(dx * uy - dy * ux) + np.square(foot - near)
        starts = np.flatnonzero(np.diff(fix, prepend=-1))
        owner = fix[starts]
        reach2 = np.zeros(len(x))
        reach2[owner] = np.square(np.sqrt(np.minimum.reduceat(far2, starts)) + accuracy_m[owner])
        kept = np.flatnonzero(far2 <= reach2[fix])
        fix, segment, foot, far2 = fix[kept], segment[kept], foot[kept], far2[kept]
        # On one segment the error circle is all that can be amiss, however far off the line.
        long, error = long[kept], accuracy_m[fix]
        low = np.minimum(np.maximum(foot - error, 0.0), long)
        high = np.maximum(np.minimum(foot + error, long), 0.0)
        return self._join(Runs(fix, low, near[kept], high), segment, far2)

    def _candidates(self, line: Ints, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """Pairs (fix, segment) that hold, for each fix, all that can be near enough."""
        per_m = self._per_m[line]
        column = np.floor((x - self._west[line]) * per_m)
        row = np.floor((y - self._south[line]) * per_m)
        columns = self._columns[line]
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < self._rows[line])
        cell = self._cell[line] + np.where(inside, row * columns + column, 0).astype(np.int64)
        return _ragged(self._first[cell], np.where(inside, self._count[cell], 0))

    def _join(self, parts: Runs, segment: Ints, far2: Floats) -> Runs:
        """Parts of neighbouring segments that touch are one run."""
        fix, low, near, high = parts
        goes_on = np.zeros(len(fix), dtype=bool)
        goes_on[1:] = (
            (fix[1:] == fix[:-1])
            & (segment[1:] == segment[:-1] + 1)
            & (low[1:] <= TOUCH_M)
            & (high[:-1] >= self._long[segment[:-1]] - TOUCH_M)
        )
        starts = np.flatnonzero(~goes_on)
        ends = np.append(starts[1:], len(fix)) - 1
        at = self._at[segment]
        if len(starts) == len(fix):
            nearest = starts
        else:
            run = np.cumsum(~goes_on) - 1
            best = np.flatnonzero(far2 == np.minimum.reduceat(far2, starts)[run])[::-1]
            nearest = np.empty_like(starts)
            nearest[run[best]] = best  # of several, the first along the line
        low, near, high = at + low, at + near, at + high
        return Runs(fix[starts], low[starts], near[nearest], high[ends])


def _segments(line: Floats) -> Floats:
    """x, y, unit vector, length, and chainage of the start; of each segment with a length."""
    along = np.diff(line, axis=0)
    long = np.hypot(along[:, 0], along[:, 1])
    real = long > 0
    along, long = along[real], long[real]
    unit = along / long[:, None]
    return np.column_stack([line[:-1][real], unit, long, np.cumsum(long) - long])


class _Raster(NamedTuple):
    """`frame`: west, south, cells a metre, columns, rows. `first`, `many`: of each cell, row by
    row, the segments that come within reach of it; where those are not neighbours, all
    between them too."""

    frame: tuple[float, float, float, int, int]
    first: Ints
    many: Ints


def _raster(segments: Floats, reach_m: float) -> _Raster:
    start, end = segments[:, :2], segments[:, :2] + segments[:, 2:4] * segments[:, 4:5]
    lower, upper = np.minimum(start, end) - reach_m, np.maximum(start, end) + reach_m
    corner, span = lower.min(axis=0), np.ptp(np.vstack([lower, upper]), axis=0)
    most = min(CELLS_A_SEGMENT * len(segments), MOST_CELLS)
    cell_m = max(reach_m, float(np.sqrt(span.prod() / most)), float(span.max() / most))
    columns, rows = (int(n) for n in np.ceil(span / cell_m) + 1)
    a, b = (np.floor((edge - corner) / cell_m).astype(np.int64) for edge in (lower, upper))
    wide, high = (b - a + 1).T
    segment, nth = _ragged(np.zeros_like(wide), wide * high)
    cell = (a[segment, 1] + nth // wide[segment]) * columns + a[segment, 0] + nth % wide[segment]
    first, last = np.full(columns * rows, len(segments)), np.full(columns * rows, -1)
    np.minimum.at(first, cell, segment)
    np.maximum.at(last, cell, segment)
    frame = (float(corner[0]), float(corner[1]), 1 / cell_m, columns, rows)
    return _Raster(frame, np.where(last < 0, 0, first), np.maximum(last - first + 1, 0))


def _ragged(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """For each i the numbers first[i] .. first[i] + count[i] - 1, and beside each its i."""
    owner = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, nth + first[owner]
