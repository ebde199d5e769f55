// Turns the path of a `.turnable` figure: drag, swipe, arrow keys, plus, minus, Home. Draws SVG, so that colours
// follow the page's style, in print too. Positions are in metres, x right, y down, z forward.
"use strict";
for (const figure of document.querySelectorAll(".turnable")) {
  const svg = figure.querySelector("svg");
  const data = JSON.parse(figure.querySelector("script").textContent);
  const WIDTH = 440, HEIGHT = 330, LEVELS = 10, DISTANCE = 4, TURN = 0.0873; // 5 degrees
  const START = { yaw: -0.6, pitch: 0.62, zoom: 1 };
  const view = { ...START };

  const all = data.truth.concat(data.estimate);
  const low = [0, 1, 2].map((axis) => all.reduce((least, point) => Math.min(least, point[axis]), Infinity));
  const high = [0, 1, 2].map((axis) => all.reduce((most, point) => Math.max(most, point[axis]), -Infinity));
  const centre = low.map((value, axis) => (value + high[axis]) / 2);
  const broad = Math.max(Math.hypot(high[0] - low[0], high[2] - low[2]) / 2, 0.5);
  const tall = (high[1] - low[1]) / 2;
  const ground = high[1];
  const square = roundStep((2 * broad) / 8);

  const element = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    svg.append(made);
    return made;
  };
  const grid = element("path", { class: "grid" });
  const links = element("path", { class: "axis", "stroke-opacity": "0.55" });
  const truth = element("path", { class: "truth", "stroke-width": "5" });
  const levels = Array.from({ length: LEVELS }, (_, level) =>
    element("path", { class: "path", stroke: data.levels.length ? `var(--q${level})` : "var(--s0)" }));
  const start = element("rect", { class: "mark", width: 10, height: 10 });
  const end = element("circle", { class: "mark", r: 5.5 });
  element("text", { x: WIDTH - 10, y: HEIGHT - 10, "text-anchor": "end" }).textContent = `one square: ${square} m`;

  function roundStep(raw) {
    const power = 10 ** Math.floor(Math.log10(raw));
    return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw * (1 - 1e-9));
  }

  function projector() {
    const cosYaw = Math.cos(view.yaw), sinYaw = Math.sin(view.yaw);
    const cosPitch = Math.cos(view.pitch), sinPitch = Math.sin(view.pitch);
    const highest = Math.abs(sinPitch) * broad + cosPitch * tall;
    const scale = 0.92 * view.zoom * Math.min(WIDTH / 2 / broad, HEIGHT / 2 / Math.max(highest, 1e-9));
    return (point) => {
      const x = point[0] - centre[0], up = centre[1] - point[1], z = point[2] - centre[2];
      const right = cosYaw * x - sinYaw * z, away = sinYaw * x + cosYaw * z;
      const near = DISTANCE / (DISTANCE + (cosPitch * away - sinPitch * up) / broad);
      return [WIDTH / 2 + scale * near * right, HEIGHT / 2 - scale * near * (cosPitch * up + sinPitch * away)];
    };
  }

  const pair = (point) => `${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
  const line = (points) => `M${points.map(pair).join("L")}`;

  function draw() {
    const project = projector();
    truth.setAttribute("d", line(data.truth.map(project)));
    const estimate = data.estimate.map(project);
    const parts = Array.from({ length: LEVELS }, () => "");
    for (let row = 0; row + 1 < estimate.length; row++) {
      const level = data.levels.length ? data.levels[row] : 0;
      const goesOn = row > 0 && (data.levels.length === 0 || data.levels[row - 1] === level);
      parts[level] += `${goesOn ? "" : `M${pair(estimate[row])}`}L${pair(estimate[row + 1])}`;
    }
    levels.forEach((path, level) => path.setAttribute("d", parts[level]));
    links.setAttribute("d", data.links.map((ends) => line(ends.map(project))).join(""));
    grid.setAttribute("d", gridLines().map((ends) => line(ends.map(project))).join(""));
    const first = estimate[0], last = estimate[estimate.length - 1];
    start.setAttribute("x", first[0] - 5);
    start.setAttribute("y", first[1] - 5);
    end.setAttribute("cx", last[0]);
    end.setAttribute("cy", last[1]);
    svg.dataset.yaw = view.yaw.toFixed(3);
    svg.dataset.pitch = view.pitch.toFixed(3);
    svg.dataset.zoom = view.zoom.toFixed(3);
  }

  function gridLines() {
    const bounds = [0, 2].map((axis) => [
      Math.floor(low[axis] / square - 0.5) * square, Math.ceil(high[axis] / square + 0.5) * square]);
    const [[left, right], [back, front]] = bounds;
    const lines = [];
    for (let x = left; x <= right + square / 2; x += square) lines.push([[x, ground, back], [x, ground, front]]);
    for (let z = back; z <= front + square / 2; z += square) lines.push([[left, ground, z], [right, ground, z]]);
    return lines;
  }

  function turn(yaw, pitch) {
    view.yaw += yaw;
    view.pitch = Math.min(Math.max(view.pitch + pitch, -Math.PI / 2), Math.PI / 2);
    draw();
  }

  function zoom(factor) {
    view.zoom = Math.min(Math.max(view.zoom * factor, 0.5), 12);
    draw();
  }

  let held = null;
  svg.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    turn((event.clientX - held[0]) * 0.008, (event.clientY - held[1]) * 0.006);
    held = [event.clientX, event.clientY];
  });
  for (const kind of ["pointerup", "pointercancel"]) svg.addEventListener(kind, () => { held = null; });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // the page scrolls; a pinch on a touch pad comes with ctrl
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.01));
  }, { passive: false });
  const actions = {
    ArrowLeft: () => turn(-TURN, 0), ArrowRight: () => turn(TURN, 0),
    ArrowUp: () => turn(0, TURN), ArrowDown: () => turn(0, -TURN),
    "+": () => zoom(1.2), "=": () => zoom(1.2), "-": () => zoom(1 / 1.2),
    Home: () => { Object.assign(view, START); draw(); },
  };
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
  draw();
}
