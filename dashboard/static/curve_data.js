"use strict";
// The columns behind a chart: times in POSIX seconds, then one column a line, null where nothing is known. They
// come as bytes (see dashboard/curves.py), and what is newer than the last point is joined to what is there.

const curveData = (() => {
  /** A hole of more than so many usual steps is shown as a hole, as the server does for what it sends at once. */
  const GAP_STEPS = 2.5;
  /** Longer than the server lets any question run. */
  const LONGEST_FETCH_MS = 60000;

  async function fetched(address, lines) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(LONGEST_FETCH_MS) });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const bytes = await answer.arrayBuffer();
    const points = bytes.byteLength / (8 + 4 * lines);
    if (!Number.isInteger(points)) throw new Error("the curve's length does not fit its columns");
    const columns = Array.from({ length: lines }, (_, n) => new Float32Array(bytes, 8 * points + 4 * n * points, points));
    return [
      Array.from(new Float64Array(bytes, 0, points)),
      // uPlot knows null, not NaN.
      ...columns.map((column) => Array.from(column, (v) => (Number.isNaN(v) ? null : v))),
    ];
  }

  const countValues = (column) => column.reduce((sum, value) => sum + (value === null ? 0 : 1), 0);
  const isKnown = (data, i) => data.slice(1).some((column) => column[i] !== null);

  /** The usual step between points in seconds, 0 for fewer than two. */
  function usualStep(seconds) {
    const steps = seconds.slice(1).map((s, i) => s - seconds[i]).sort((one, other) => one - other);
    return steps.length ? steps[steps.length >> 1] : 0;
  }

  /**
   * The place from which a curve is fetched again, at or shortly before its last known point; 0 where there is none.
   * A thinned curve consists of pairs, each the extremes of one stretch: it is never cut within a pair.
   */
  function tailStart(data) {
    let last = data[0].length - 1;
    while (last > 0 && !isKnown(data, last)) last--;
    return Math.max(last - (last % 2), 0);
  }

  /** A curve with its end replaced by what was fetched from there on, which may reach further. */
  function joined(data, tail) {
    const end = tailStart(data);
    const since = data[0][end];
    const longest = GAP_STEPS * usualStep(data[0]);
    const whole = data.map((column) => column.slice(0, end));
    tail[0].forEach((s, i) => {
      if (s < since) return;
      if (i && longest && s - tail[0][i - 1] > longest && isKnown(tail, i - 1)) {
        whole.forEach((column, n) => column.push(n ? null : tail[0][i - 1] + 1));
      }
      whole.forEach((column, n) => column.push(tail[n][i]));
    });
    return whole;
  }

  /** The whole span is shown even where data covers only a part of it: an empty half is a finding too. */
  function wholeSpan(data, since, until) {
    const before = data[0][0] > since;
    const after = data[0][data[0].length - 1] < until;
    return data.map((column, n) => [
      ...(before ? [n ? null : since] : []), ...column, ...(after ? [n ? null : until] : []),
    ]);
  }

  /** The lowest and highest value of a column between two places, with their places; null where there is none. */
  function extremes(column, from, to) {
    let found = null;
    for (let i = from; i < to; i++) {
      const value = column[i];
      if (value === null) continue;
      found ??= { low: value, high: value, lowAt: i, highAt: i };
      if (value < found.low) { found.low = value; found.lowAt = i; }
      if (value > found.high) { found.high = value; found.highAt = i; }
    }
    return found;
  }

  return { fetched, countValues, tailStart, joined, wholeSpan, extremes };
})();
