// Makes the page work without a network: registers the service worker, and is how the page speaks to it.
"use strict";

self.iutsaiOffline = (() => {
  const workers = navigator.serviceWorker; // absent without https

  workers
    ?.register("/worker.js", { updateViaCache: "none" })
    .catch((error) => console.warn("this page will not be here without a network", error));

  return {
    // Asks the browser to wake the worker when there is a network, also when this page is closed by then.
    askToSync: async () => {
      try {
        await (await workers?.ready)?.sync?.register("presses");
      } catch (error) {
        console.info("without this page nothing is sent", error);
      }
    },

    // The server says that nobody is signed in: what is kept of a resident's page goes.
    forgetPage: () => workers?.controller?.postMessage("signed-out"),
  };
})();
