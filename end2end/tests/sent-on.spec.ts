// A page whose node does not keep its line. That node names the address of one that does.

import { expect, test } from "../support/fixtures.ts";

const ELSEWHERE = "ERROR\nmessage:The line 101-1 is of shard 2 of 2.\naddress:/an-ws?shard=2\n\n\0";

test("a page connects at the address to which its node sends it on, and has its calls there", async ({ visitor, resident }) => {
  const neighbour = await visitor("resident-1204");
  const opened: string[] = [];
  await neighbour.page.routeWebSocket(/\/an-ws$/, (socket) => {
    opened.push("/an-ws");
    const server = socket.connectToServer();
    let isSentOn = false;
    socket.onMessage((message) => {
      if (!String(message).startsWith("SUBSCRIBE")) {
        server.send(message);
      } else if (!isSentOn) {
        isSentOn = true;
        socket.send(ELSEWHERE);
      }
    });
  });
  await neighbour.page.routeWebSocket(/\/an-ws\?shard=2$/, (socket) => {
    opened.push("/an-ws?shard=2");
    socket.connectToServer();
  });
  await neighbour.goHome();

  const caller = await resident("resident-1203");
  const call = await caller.call();

  await expect(neighbour.incident(call)).toBeVisible();
  expect(opened).toEqual(["/an-ws", "/an-ws?shard=2"]);
});
