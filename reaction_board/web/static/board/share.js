// The button of an image's own page: the sharing of the system where there is one, else the clipboard.

const button = document.querySelector("#share");
const message = document.querySelector("#message");
const link = { title: document.title, url: document.querySelector("link[rel=canonical]").href };

button.hidden = false;
button.addEventListener("click", async () => {
  try {
    if (navigator.share && matchMedia("(pointer: coarse)").matches) await navigator.share(link);
    else {
      await navigator.clipboard.writeText(link.url);
      message.textContent = "Link copied.";
    }
  } catch (error) {
    if (error.name !== "AbortError") message.textContent = `${error.message} The link: ${link.url}`;
  }
});
