// A file that is too large is not sent: the browser says so when the form is.

for (const input of document.querySelectorAll("input[type=file][data-bytes-max]")) {
  input.addEventListener("change", () => {
    const most = Number(input.dataset.bytesMax);
    const isTooLarge = [...input.files].some((file) => file.size > most);
    input.setCustomValidity(isTooLarge ? `This file is larger than ${most / 2 ** 20} MiB. Split it, or import it on the server.` : "");
    input.reportValidity();
  });
}
