/** The camera: what it sees, and a button that takes the picture. */
import { byId } from "./dom.js";

const WHY = {
  NotAllowedError: "The browser may not use the camera. Allow it beside the address, then try again.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera is used by another program.",
};

/** Offer the camera where there is a way to it, and give each picture that is taken. */
export function offerCamera(give) {
  const button = byId("camera");
  if (navigator.mediaDevices?.getUserMedia) {
    const open = cameraDialog(give);
    button.addEventListener("click", open);
    button.hidden = false;
  } else if (matchMedia("(pointer: coarse)").matches) {
    // Browsers keep the live camera for https; a phone's own camera program needs no leave.
    button.addEventListener("click", () => byId("snapshot").click());
    button.hidden = false;
  }
}

/** A function that opens the dialog with the live picture. */
function cameraDialog(give) {
  const [dialog, video, shutter, other] = ["live", "preview", "shutter", "other"].map(byId);
  let cameras = [];

  async function start(choice) {
    stop();
    showTrouble("");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1920 }, height: { ideal: 1080 }, ...choice },
      });
      video.srcObject = stream;
      if (!dialog.open) return stop(); // it was closed while the browser asked for leave
      const { facingMode } = stream.getVideoTracks()[0].getSettings();
      video.classList.toggle("mirror", facingMode === "user");
      const devices = await navigator.mediaDevices.enumerateDevices();
      cameras = devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId }) => deviceId);
      other.hidden = cameras.length < 2;
    } catch (error) {
      showTrouble(WHY[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
  }

  function stop() {
    shutter.disabled = true;
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
  }

  video.addEventListener("loadeddata", () => {
    shutter.disabled = false;
    shutter.focus();
  });
  shutter.addEventListener("click", async () => {
    const file = await snapshot(video);
    dialog.close();
    give([file]);
  });
  other.addEventListener("click", () => {
    const { deviceId } = video.srcObject.getVideoTracks()[0].getSettings();
    const next = cameras[(cameras.indexOf(deviceId) + 1) % cameras.length];
    start({ deviceId: { exact: next } });
  });
  byId("away").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", stop);
  return () => {
    dialog.showModal();
    start({ facingMode: "environment" });
  };
}

function showTrouble(sentence) {
  const trouble = byId("camera-trouble");
  trouble.textContent = sentence;
  trouble.hidden = !sentence;
}

/** A file with what the camera sees now. */
async function snapshot(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  const time = new Date().toLocaleTimeString("en-GB");
  return new File([blob], `camera, ${time}`, { type: blob.type });
}
