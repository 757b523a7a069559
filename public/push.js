// Keeps this browser's push subscription current. It compares it with the server's on every load of the start page, and
// lets a person turn notifications on, try them and remove devices on /devices, whose sentences the server has written.
"use strict";

(() => {
  const SUBSCRIPTIONS = "/api/push/subscriptions";
  // That a person turned notifications on here, and the id of this device.
  const WANTED = "iutsai-push";
  const section = document.getElementById("this-device");

  class Unreachable extends Error {}
  class ServerOff extends Error {}

  // The state that the browser allows, before anything is asked for.
  function possible() {
    const agent = navigator.userAgent;
    if (/KAKAOTALK/i.test(agent)) return "kakao";
    const isApple = /iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1);
    const has = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
    if (!has) return isApple && !navigator.standalone ? "ios" : "unsupported";
    if (Notification.permission === "denied") return "denied";
    return Notification.permission === "granted" ? "granted" : "ask";
  }

  async function ask(method, path, body) {
    const headers = body ? { "content-type": "application/json" } : {};
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
    if (answer.status === 503) throw new ServerOff(path);
    if (!answer.ok) throw new Error(`${method} ${path}: status ${answer.status}`);
    return answer.status === 204 ? undefined : answer.json();
  }

  const base64 = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  // Returns this browser's subscription for the server's key; one for another key would reach nobody.
  async function subscription(canSubscribe) {
    const { key } = await ask("GET", "/api/push/key");
    const { pushManager } = await navigator.serviceWorker.ready;
    const known = await pushManager.getSubscription();
    const itsKey = known?.options?.applicationServerKey;
    if (known && (!itsKey || base64(itsKey) === key)) return known;
    if (!canSubscribe) return undefined;
    await known?.unsubscribe();
    try {
      return await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    } catch (error) {
      console.info("the push service cannot be reached", error);
      throw new Unreachable(error.message);
    }
  }

  const language = () => document.documentElement.lang;

  const wanted = () => {
    try {
      return localStorage.getItem(WANTED);
    } catch {
      return undefined;
    }
  };

  function remember(id) {
    try {
      if (id) localStorage.setItem(WANTED, id);
      else localStorage.removeItem(WANTED);
    } catch (error) {
      console.info("this browser keeps nothing", error);
    }
  }

  // Sends the subscription to the server; returns this device as the server lists it.
  async function bring(canSubscribe, device = "") {
    const found = await subscription(canSubscribe);
    if (!found) return undefined;
    const listed = await ask("POST", SUBSCRIPTIONS, { ...found.toJSON(), device, language: language() });
    remember(listed.id);
    return listed;
  }

  // Subscriptions die quietly, so every load brings this one again. Nobody is asked for anything here.
  const compare = () => (possible() === "granted" ? bring(Boolean(wanted())) : Promise.resolve(undefined));

  if (!section) {
    compare().catch((error) => console.info("whether this device is reached is not known", error));
    return;
  }

  const form = document.getElementById("turn-on");
  const list = document.getElementById("device-list");
  const template = list.firstElementChild;
  const parts = (root, name) => root.querySelector(`[data-part=${name}]`);

  function choose(root, name) {
    for (const sentence of root.querySelectorAll("[data-when]")) sentence.hidden = sentence.dataset.when !== name;
  }

  function show(state) {
    section.dataset.state = state;
    choose(document.getElementById("push-state"), state);
    form.hidden = !["ask", "off", "unreachable"].includes(state);
  }

  const result = (name) => choose(document.getElementById("push-result"), name);

  const stateOf = (error) => {
    if (error instanceof Unreachable) return "unreachable";
    if (error instanceof ServerOff) return "server";
    console.warn("the state of this device is not known", error);
    return "server";
  };

  function entry(device, own) {
    const item = template.cloneNode(true);
    item.hidden = false;
    item.dataset.device = device.id;
    if (device.device) parts(item, "name").textContent = device.device;
    parts(item, "here").hidden = device.id !== own;
    parts(item, "never").hidden = Boolean(device.worked);
    parts(item, "worked").hidden = !device.worked;
    parts(item, "silent").hidden = !device.silent;
    if (device.worked) {
      const at = new Date(device.worked);
      const time = item.querySelector("time");
      time.dateTime = at.toISOString();
      time.textContent = at.toLocaleString(language(), { dateStyle: "medium", timeStyle: "short" });
    }
    const of = `${SUBSCRIPTIONS}/${device.id}`;
    parts(item, "test").addEventListener("click", () =>
      ask("POST", `${of}/test`)
        .then(() => result("sent"))
        .catch(() => result("not-sent")),
    );
    parts(item, "remove").addEventListener("click", () => remove(device.id, own));
    return item;
  }

  async function remove(id, own) {
    try {
      await ask("DELETE", `${SUBSCRIPTIONS}/${id}`);
      if (id === own) {
        remember(undefined);
        const { pushManager } = await navigator.serviceWorker.ready;
        await (await pushManager.getSubscription())?.unsubscribe();
        show("off");
      }
      result("removed");
    } catch (error) {
      console.warn("a device is not removed", error);
      result("failed");
    }
    await refresh();
  }

  async function refresh() {
    const devices = await ask("GET", SUBSCRIPTIONS);
    list.replaceChildren(template, ...devices.map((device) => entry(device, wanted())));
    document.getElementById("no-devices").hidden = devices.length > 0;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    result(undefined);
    // In the handler of the tap, or the browser does not ask.
    const permission = await Notification.requestPermission();
    if (permission !== "granted") return show(permission === "denied" ? "denied" : "ask");
    try {
      await bring(true, form.elements.device.value);
      show("on");
      await refresh();
    } catch (error) {
      show(stateOf(error));
    }
  });

  async function begin() {
    const state = possible();
    show(state === "granted" ? "checking" : state);
    if (state === "granted") {
      try {
        show((await compare()) ? "on" : "off");
      } catch (error) {
        show(stateOf(error));
      }
    }
    await refresh().catch((error) => {
      console.warn("the devices cannot be listed", error);
      result("failed");
    });
  }

  begin();
})();
