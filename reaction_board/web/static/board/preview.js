// Previews of files before they are uploaded. They are drawn on canvases, because the page's
// Content-Security-Policy allows only pictures of the board.

const SIDE = 96; // pixels: twice the size on the page, for sharp screens

let last = Promise.resolve(); // one is decoded after the other: each needs the memory of a whole picture

// A canvas that shows the picture in a file as soon as it has been in the window, or stays empty if it cannot be decoded.
export function previewOf(file) {
  const canvas = Object.assign(document.createElement("canvas"), { className: "preview", width: SIDE, height: SIDE });
  canvas.setAttribute("aria-hidden", "true");
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    last = last.then(() => canvas.isConnected && draw(canvas, file)).catch(() => {});
  });
  seen.observe(canvas);
  return canvas;
}

// Draw a whole picture on a canvas whose longer side is at most `side` pixels. Resolves with
// {canvas, width, height}, the picture's own size; throws if it cannot be decoded.
export async function scaled(file, side) {
  const picture = await createImageBitmap(file);
  const { width, height } = picture;
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return { canvas, width, height };
}

// Draw the middle of a picture, as large as fits: for animations the first frame.
async function draw(canvas, file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, left, top, side, side, 0, 0, SIDE, SIDE);
  picture.close();
  canvas.classList.add("loaded");
}
