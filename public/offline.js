// Makes the page work without a network. It registers the service worker, and passes the page's messages to it.
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

    // The server has nobody signed in, so the kept page of a resident goes.
    forgetPage: () => workers?.controller?.postMessage("signed-out"),
  };
})();
