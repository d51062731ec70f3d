"use strict";
// Draws every figure marked data-chart with uPlot, and lets live ones take in what is newer than their last point
// when live.js hears of something new: at most once a second, with the zoom and the span as they are.

(() => {
  const HEIGHT = 240;
  const HEIGHT_NARROW = 200;
  const NARROW = 560;
  /** News come in bursts; each chart fetches at most this often. */
  const GAP_MS = 1000;
  const FRESH_MS = 5000;
  /** Late and backfilled values stand before the last point: now and then the whole curve is fetched, thinned anew. */
  const WHOLE_AGAIN_MS = 300000;
  /** Height of a line of names in the plot. */
  const NAME_HEIGHT = 14;

  /** Colours come from the style sheet, so that light and dark are decided in one place. */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /** A value holds from its own time to the next point's: one horizontal line a slot, joined where they touch. */
  function slotPath(u, series, first, last) {
    const xs = u.data[0];
    const ys = u.data[series];
    const stroke = new Path2D();
    const fill = new Path2D();
    const floor = u.valToPos(Math.max(0, u.scales.y.min), "y", true);
    let drawing = false;
    for (let i = first; i <= last; i++) {
      if (ys[i] === null || i + 1 >= xs.length) { drawing = false; continue; }
      const left = u.valToPos(xs[i], "x", true);
      const right = u.valToPos(xs[i + 1], "x", true);
      const y = u.valToPos(ys[i], "y", true);
      if (drawing) stroke.lineTo(left, y); else stroke.moveTo(left, y);
      stroke.lineTo(right, y);
      fill.rect(left, Math.min(y, floor), right - left, Math.abs(floor - y));
      drawing = true;
    }
    return { stroke, fill, clip: null, band: null, gaps: null, flags: 3 };
  }

  /** Names of hours and days in the reader's language, in the area's zone. */
  function timeNames(config) {
    const name = (options) => {
      const format = new Intl.DateTimeFormat(config.locale, { timeZone: config.zone, hourCycle: "h23", ...options });
      return (s) => format.format(new Date(s * 1000));
    };
    const minutes = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
    const usual = name(minutes);
    const exact = name({ ...minutes, timeZoneName: "shortOffset" });
    // An hour that a clock change repeats is told with its offset.
    const isRepeated = (s) => [s - 3600, s + 3600].some((other) => usual(other) === usual(s));
    return {
      hour: name({ hour: "2-digit", minute: "2-digit" }),
      day: name({ month: "short", day: "numeric" }),
      whole: (s) => (isRepeated(s) ? exact(s) : usual(s)),
    };
  }

  /** Numbers as the page's tables have them: grouped, with the reader's separators. */
  function numbersOf(config) {
    const format = (least, most) => new Intl.NumberFormat(config.locale, { minimumFractionDigits: least, maximumFractionDigits: most });
    const value = format(config.digits, config.digits);
    const mark = format(0, 6);
    return { value: (v) => value.format(v), shown: (v) => `${value.format(v)} ${config.unit}`, mark: (v) => mark.format(v) };
  }

  function axisNames(names) {
    return (_u, splits, _axis, _space, step) => {
      let before = "";
      return splits.map((s) => {
        const day = names.day(s);
        const label = step >= 86400 ? day : names.hour(s) + (day === before ? "" : `\n${day}`);
        before = day;
        return label;
      });
    };
  }

  /** What stands behind the curves: the permitted band and marked stretches of time. */
  function drawBehind(u, config) {
    const { ctx, bbox } = u;
    const clipX = (s) => Math.min(Math.max(u.valToPos(s, "x", true), bbox.left), bbox.left + bbox.width);
    const clipY = (v) => Math.min(Math.max(u.valToPos(v, "y", true), bbox.top), bbox.top + bbox.height);
    ctx.save();
    if (config.band) {
      const [low, high] = config.band;
      ctx.fillStyle = colour("band");
      ctx.fillRect(bbox.left, clipY(high), bbox.width, clipY(low) - clipY(high));
    }
    for (const stretch of config.stretches) {
      const left = clipX(stretch.since);
      const right = clipX(stretch.until);
      if (right <= left) continue;
      ctx.fillStyle = colour(`stretch-${stretch.kind}`) || colour("stretch-info");
      ctx.fillRect(left, bbox.top, Math.max(right - left, 2), bbox.height);
    }
    ctx.restore();
  }

  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;

  /**
   * Where the names of limits stand, given from the top line to the lowest: each above or below its own line, as
   * far to the right as no other name stands and no other line runs. Where lines are too close for that they
   * stand in rows above the top line (below the lowest, if there is no room), in the order of the lines.
   */
  function nameBoxes(bbox, limits, widths, taken, scale) {
    const height = NAME_HEIGHT * scale;
    const gap = 2 * scale;
    const end = bbox.left + bbox.width - 4 * scale;
    const floor = bbox.top + bbox.height;
    const boxAt = (right, top, width) => ({ left: right - width, right, top, bottom: top + height });
    const placed = [];
    for (const [n, { y }] of limits.entries()) {
      const lines = limits.filter((_, other) => other !== n).map((other) => ({ left: bbox.left, right: end, top: other.y - scale, bottom: other.y + scale }));
      const obstacles = [...taken, ...placed, ...lines];
      const fits = (box) => box.top >= bbox.top && box.bottom <= floor && obstacles.every((other) => apart(box, other));
      let own;
      for (let right = end; !own && right - widths[n] >= bbox.left; right -= 8 * scale) {
        own = [boxAt(right, y - gap - height, widths[n]), boxAt(right, y + gap, widths[n])].find(fits);
      }
      if (!own) break;
      placed.push(own);
    }
    if (placed.length === limits.length) return placed;
    const rows = height * limits.length;
    const above = limits[0].y - gap - rows;
    const first = above >= bbox.top ? above : Math.min(limits.at(-1).y + gap, floor - rows);
    return limits.map((_, n) => boxAt(end, first + n * height, widths[n]));
  }

  /** What stands before them: limits as dashed lines with their names, and the names of long stretches. */
  function drawBefore(u, config) {
    const { ctx, bbox } = u;
    const scale = devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * scale}px ${getComputedStyle(document.body).fontFamily}`;
    const inside = (y) => y >= bbox.top && y <= bbox.top + bbox.height;
    const limits = config.limits.map((limit) => ({ ...limit, y: u.valToPos(limit.value, "y", true) }))
      .filter(({ y }) => inside(y))
      .sort((one, other) => one.y - other.y);
    ctx.strokeStyle = colour("limit");
    ctx.lineWidth = 1.5 * scale;
    ctx.setLineDash([6 * scale, 4 * scale]);
    for (const { y } of limits) {
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    ctx.fillStyle = colour("text-quiet");
    const taken = [];
    config.stretches.forEach((stretch, n) => {
      const left = Math.max(u.valToPos(stretch.since, "x", true), bbox.left);
      const right = Math.min(u.valToPos(stretch.until, "x", true), bbox.left + bbox.width);
      const width = ctx.measureText(stretch.label).width;
      if (right - left < width + 8 * scale) return;
      const box = { left: left + 4 * scale, top: bbox.top + (3 + 14 * Math.min(n, 1)) * scale };
      ctx.fillText(stretch.label, box.left, box.top);
      taken.push({ ...box, right: box.left + width, bottom: box.top + NAME_HEIGHT * scale });
    });
    ctx.fillStyle = colour("limit");
    ctx.strokeStyle = colour("card");
    ctx.lineWidth = 3 * scale;
    ctx.lineJoin = "round";
    const named = nameBoxes(bbox, limits, limits.map(({ label }) => ctx.measureText(label).width), taken, scale);
    named.forEach((box, n) => {
      // A rim in the colour of the ground keeps the name readable where a curve runs through it.
      ctx.strokeText(limits[n].label, box.left, box.top + scale);
      ctx.fillText(limits[n].label, box.left, box.top + scale);
    });
    u.root.closest("[data-chart]").dataset.limitNames = JSON.stringify(named);
    ctx.restore();
  }

  /** The value axis: from the data, widened to a band or to a limit that is near enough to be of interest. */
  function valueRange(config) {
    return (_u, low, high) => {
      if (low === null || high === null) return [0, 1];
      let bottom = config.unit === "kW" ? Math.min(low, 0) : low;
      let top = high;
      if (config.band) {
        bottom = Math.min(bottom, config.band[0]);
        top = Math.max(top, config.band[1]);
      }
      for (const { value } of config.limits) {
        if (value <= 3 * Math.max(high, 1e-6)) top = Math.max(top, value);
        if (config.unit !== "kW") bottom = Math.min(bottom, value);
      }
      const room = (top - bottom || Math.abs(top) || 1) * 0.06;
      // The names of marked stretches stand above the curves.
      const names = Math.min(config.stretches.length, 2) * 1.6 * room;
      return [bottom < 0 || config.unit !== "kW" ? bottom - room : bottom, top + room + names];
    };
  }

  /** The area between two lines; uPlot counts the axis of times as the first series. */
  const bandsOf = ({ between }) => (between
    ? [{ series: [between.upper + 1, between.lower + 1], fill: colour(between.colour) }] : []);

  function options(figure, config, width) {
    const names = timeNames(config);
    const grid = { stroke: colour("grid"), width: 1 };
    const axis = { stroke: colour("text-quiet"), grid, ticks: grid, font: "11px system-ui, sans-serif" };
    const { shown, mark } = numbersOf(config);
    return {
      width,
      height: width < NARROW ? HEIGHT_NARROW : HEIGHT,
      tzDate: (s) => uPlot.tzDate(new Date(s * 1000), config.zone),
      cursor: { drag: { x: true, y: false }, points: { size: 6 } },
      scales: {
        x: { time: true, range: (_u, low, high) => (low === null ? [config.since, config.until] : [low, high]) },
        y: { range: valueRange(config) },
      },
      axes: [
        { ...axis, values: axisNames(names), space: 64 },
        { ...axis, size: 52, values: (_u, splits) => splits.map(mark) },
      ],
      series: [
        { label: config.time, value: (_u, s) => (s === null || s === undefined ? "–" : names.whole(s)) },
        ...config.lines.map((line) => ({
          label: line.label,
          stroke: colour(line.colour),
          fill: line.step ? colour(`${line.colour}-fill`) || undefined : undefined,
          width: 1.5,
          dash: line.dashed ? [4, 3] : undefined,
          paths: line.step ? slotPath : undefined,
          points: { show: false },
          spanGaps: false,
          value: (_u, v) => (v === null || v === undefined ? "–" : shown(v)),
        })),
      ],
      bands: bandsOf(config),
      hooks: {
        drawClear: [(u) => drawBehind(u, config)],
        draw: [
          (u) => {
            drawBefore(u, config);
            figure.dataset.shown = `${u.scales.x.min} ${u.scales.x.max}`;
            figure.dataset.points = String(config.lines.reduce((sum, _, n) => sum + curveData.countValues(u.data[n + 1]), 0));
          },
        ],
      },
    };
  }

  const ROWS_OF_TABLE = 48;
  const SLOT = 900;

  /** About so many rows, of whole slots where the span is long enough: a day of 25 hours has 50 of half an hour. */
  function rowsOf(seconds) {
    const even = seconds / ROWS_OF_TABLE;
    const step = Math.round(even / SLOT) * SLOT || even;
    return { step, rows: Math.ceil(seconds / step) };
  }

  /** What the curves show, in words and on demand as a table, for whoever does not see them. */
  function describe(figure, config, data) {
    const names = timeNames(config);
    const { shown } = numbersOf(config);
    const told = config.lines.map((line, n) => {
      const all = curveData.extremes(data[n + 1], 0, data[0].length);
      if (!all) return `${line.label}: –`;
      const place = (i) => names.whole(data[0][i]);
      return `${line.label}: ${config.lowest} ${shown(all.low)} (${place(all.lowAt)}), `
        + `${config.highest} ${shown(all.high)} (${place(all.highAt)})`;
    });
    if (config.between) told.push(...widestOf(config, data, names, shown));
    figure.querySelector(".summary").textContent = told.join("; ");
  }

  /** How wide the area between two lines is at the most. */
  function widestOf({ between, widest }, data, names, shown) {
    const lower = data[between.lower + 1];
    const widths = data[between.upper + 1].map((high, i) => (high === null || lower[i] === null ? null : high - lower[i]));
    const all = curveData.extremes(widths, 0, widths.length);
    return all ? [`${between.label}: ${widest} ${shown(all.high)} (${names.whole(data[0][all.highAt])})`] : [];
  }

  function table(figure, config, data) {
    const names = timeNames(config);
    const { value } = numbersOf(config);
    const found = document.createElement("table");
    found.createCaption().textContent = `${figure.querySelector("figcaption").textContent.trim()}: ${config.lowest} – ${config.highest}`;
    const head = found.createTHead().insertRow();
    for (const label of [config.time, ...config.lines.map((line) => line.label)]) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = label;
      head.append(cell);
    }
    const body = found.createTBody();
    const { step, rows } = rowsOf(config.until - config.since);
    for (let n = 0, from = 0; n < rows; n++) {
      let to = from;
      while (to < data[0].length && data[0][to] < config.since + (n + 1) * step) to++;
      const row = body.insertRow();
      const time = document.createElement("th");
      time.scope = "row";
      time.textContent = names.whole(config.since + n * step);
      row.append(time);
      for (let line = 1; line < data.length; line++) {
        const both = curveData.extremes(data[line], from, to);
        row.insertCell().textContent = both
          ? `${value(both.low)} – ${value(both.high)}` : "–";
      }
      from = to;
    }
    return found;
  }

  /** One chart: drawn from the whole curve, then kept up with what is new. */
  function chart(figure) {
    const config = JSON.parse(figure.dataset.chart);
    const [nothing, failed] = figure.querySelectorAll(".empty");
    const place = figure.querySelector(".canvas");
    const details = figure.querySelector(".values-table");
    let data = null;
    let plot = null;
    let wholeAt = -Infinity;
    let begunAt = -Infinity;
    let busy = false;
    let wanted = false;
    let timer = 0;

    /** The whole curve, or its end alone where that is enough and the address says since when. */
    async function fetchNews() {
      const address = new URL(config.address, location.href);
      const end = data && data[0].length ? curveData.tailStart(data) : 0;
      const isTail = end > 0 && address.searchParams.has("since") && begunAt - wholeAt < WHOLE_AGAIN_MS;
      if (!isTail) {
        data = await curveData.fetched(address, config.lines.length);
        wholeAt = begunAt;
        return;
      }
      address.searchParams.set("since", new Date(1000 * data[0][end]).toISOString());
      data = curveData.joined(data, await curveData.fetched(address, config.lines.length));
    }

    async function renew() {
      timer = 0;
      busy = true;
      begunAt = performance.now();
      try {
        await fetchNews();
        failed.hidden = true;
      } catch (error) {
        // What is drawn stays; the next news tries again.
        failed.hidden = plot !== null;
        figure.dataset.points ??= "0";
        console.warn("chart:", String(error));
        return;
      } finally {
        busy = false;
        if (wanted) { wanted = false; wake(); }
      }
      show();
    }

    /** Called as often as one likes: fetches at most once a second, and not at all where nobody looks. */
    function wake() {
      if (!config.live || document.hidden || timer) return;
      // What comes during a slow fetch waits for its end.
      if (busy) { wanted = true; return; }
      timer = setTimeout(renew, Math.max(0, begunAt + GAP_MS - performance.now()));
    }

    function show() {
      const isEmpty = !data.slice(1).some((column) => curveData.countValues(column) > 0);
      nothing.hidden = !isEmpty;
      place.hidden = isEmpty;
      details.hidden = isEmpty;
      if (isEmpty) { figure.dataset.points = "0"; return; }
      describe(figure, config, data);
      if (details.open) details.querySelector("div").replaceChildren(table(figure, config, data));
      const plotted = curveData.wholeSpan(data, config.since, config.until);
      if (!plot) { plot = new uPlot(options(figure, config, place.clientWidth), plotted, place); return; }
      const { min, max } = plot.scales.x;
      const isZoomed = min > plot.data[0][0] || max < plot.data[0].at(-1);
      plot.setData(plotted, !isZoomed);
      // The value axis follows what is in view.
      if (isZoomed) plot.setScale("x", { min, max });
    }

    /** The page was fetched again: marked stretches change, and past midnight the span moves on, which is told. */
    function follow(fresh) {
      const next = fresh.querySelector(`[data-chart][data-chart-id="${config.id}"]`);
      if (!next || next.dataset.chart === figure.dataset.chart) return false;
      figure.dataset.chart = next.dataset.chart;
      const known = config.address;
      Object.assign(config, JSON.parse(next.dataset.chart));
      const isMoved = config.address !== known;
      if (isMoved) wholeAt = -Infinity; else plot?.redraw(false);
      return isMoved;
    }

    details.addEventListener("toggle", () => {
      const inside = details.querySelector("div");
      if (details.open) inside.replaceChildren(table(figure, config, data));
      else inside.replaceChildren();
    });
    new ResizeObserver(() => {
      const width = place.clientWidth;
      if (plot && width && width !== plot.width) plot.setSize({ width, height: width < NARROW ? HEIGHT_NARROW : HEIGHT });
    }).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      if (!plot) return;
      const drawn = plot.data;
      plot.destroy();
      plot = new uPlot(options(figure, config, place.clientWidth), drawn, place);
    });
    document.addEventListener("kilowatch:news", wake);
    document.addEventListener("kilowatch:refreshed", ({ detail }) => {
      if (!config.live) return;
      // A refresh that news have caused finds the chart renewed already.
      if (follow(detail.fresh) || performance.now() - begunAt > FRESH_MS) wake();
    });
    renew();
  }

  for (const figure of document.querySelectorAll("[data-chart]")) chart(figure);
})();
