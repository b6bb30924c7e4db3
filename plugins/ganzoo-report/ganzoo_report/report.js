(() => {
  "use strict";

  // The timeline: one picture is shown, and the slider (arrow keys work) chooses which.
  const frames = [...document.querySelectorAll("#timeline img")];
  if (frames.length > 1) {
    const slider = document.getElementById("slider");
    const shown = document.getElementById("shown");
    const play = document.getElementById("play");
    let timer = 0;

    const show = (index) => {
      frames.forEach((frame, i) => { frame.hidden = i !== index; });
      slider.value = index;
      slider.setAttribute("aria-valuetext", `step ${frames[index].dataset.step}`);
      shown.textContent = frames[index].dataset.step;
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      play.textContent = "Play";
      play.setAttribute("aria-pressed", "false");
    };
    const next = () => {
      const index = Number(slider.value) + 1;
      if (index < frames.length) show(index);
      if (index >= frames.length - 1) stop();
    };
    const start = () => {
      if (Number(slider.value) === frames.length - 1) show(0);
      timer = setInterval(next, 350);
      play.textContent = "Pause";
      play.setAttribute("aria-pressed", "true");
    };

    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    play.addEventListener("click", () => (timer ? stop() : start()));
    document.querySelector(".controls").hidden = false;
    show(frames.length - 1);
  }

  // The charts: the column under the pointer, or the finger, says its numbers below the chart as well.
  document.querySelectorAll(".chart").forEach((chart) => {
    const readout = chart.querySelector(".readout");
    chart.addEventListener("pointerover", (event) => {
      const title = event.target.closest("rect")?.querySelector("title");
      if (title) readout.textContent = title.textContent.split("\n").join("   ");
    });
    chart.addEventListener("pointerleave", () => { readout.textContent = ""; });
  });
})();
