// Icons of 24 × 24, drawn with lines of the colour of the text.

const PATHS = {
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  star: "M12 3l2.8 5.9 6.2.8-4.5 4.4 1.1 6.4L12 17.4l-5.6 3.1 1.1-6.4L3 9.7l6.2-.8z",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
  open: "M14 4h6v6M20 4l-8 8M10 20H4v-6M4 20l8-8",
};

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
