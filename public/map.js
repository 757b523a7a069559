// Brings Leaflet once the map is shown, or has somebody to show. A phone shows the button first, and on a slow network
// Leaflet would keep the page's own code waiting.
"use strict";

self.iutsaiMap = (() => {
  // The file has the version of this one.
  const address = `/leaflet/leaflet.js${new URL(document.currentScript.src).search}`;
  const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && bring());
  let isComing = false;
  let drawn;

  function bring() {
    if (isComing || !drawn) return;
    isComing = true;
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => {
      observer.disconnect();
      drawn();
    };
    script.onerror = () => {
      console.warn("there is no map yet, because Leaflet cannot be loaded");
      isComing = false;
      addEventListener("online", bring, { once: true });
    };
    document.head.append(script);
  }

  return {
    // Calls `draw` once Leaflet is there, for which it waits until the element is seen.
    whenShown: (element, draw) => {
      drawn = draw;
      observer.observe(element);
    },

    // Brings it even if the map is out of sight.
    bring,
  };
})();
