// The page that the service worker shows when the server does not answer. It knows no translations and no style sheet,
// because nothing but the worker itself is sure to be there. Both languages stand below each other, Korean first.
"use strict";

const WORDS = {
  call: [
    "도움 요청을 보내지 못했어요",
    "서버가 답하지 않아요. 이웃에게 전달되지 않았다고 생각하고 지금 119에 전화하세요.",
    "Your call for help was NOT sent",
    "The server does not answer. Take it that no neighbour was called. Call 119 now.",
  ],
  sent: [
    "보내지 못했어요",
    "서버가 답하지 않아요. 연결을 확인하고 다시 해 주세요.",
    "Not sent",
    "The server does not answer. Check the connection and try again.",
  ],
  opened: [
    "지금은 이 화면을 열 수 없어요",
    "서버가 답하지 않아요. 연결을 확인하고 다시 해 주세요. 급하면 119에 전화하세요.",
    "This page cannot be opened now",
    "The server does not answer. Check the connection and try again. If it is urgent, call 119.",
  ],
};
const CALL_119 = "119에 전화하기 · Call 119";
const AGAIN = "다시 하기 · Try again";
const HOME_PAGE = "홈으로 · Start page";

const NO_ANSWER_STYLE = `
:root { color-scheme: light dark; --ground: #f6f4ef; --ink: #1b1d22; --soft: #535863; --edge: #80848d; --alert: #c2181c; --wash: #fdecea; --alert-ink: #a01114; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --ink: #f3f1ec; --soft: #b6bbc6; --edge: #8a909c; --alert: #cc2529; --wash: #3a1718; --alert-ink: #ff9d97; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--ink); font: 100%/1.5 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", NanumGothic, sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
main { display: flex; max-width: 32rem; flex-direction: column; gap: 1rem; margin: 0 auto; }
h1, h2, p { margin: 0; line-height: 1.4; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.25rem; }
section { display: flex; flex-direction: column; gap: 0.5rem; padding: 1rem; border: 2px solid var(--edge); border-radius: 0.875rem; }
section.call { border-color: var(--alert); background: var(--wash); color: var(--alert-ink); }
a, button { display: flex; width: 100%; min-height: 3.5rem; align-items: center; justify-content: center; border: 1px solid var(--edge); border-radius: 0.875rem; background: transparent; color: inherit; font: inherit; font-size: 1.125rem; font-weight: 700; text-align: center; text-decoration: none; cursor: pointer; }
a.call-119 { border-color: var(--alert); background: var(--alert); color: #fff; }
`;

// Forms with passwords and codes, which no page may show again, and the pages that ask for them anew.
const SECRET_FORMS = { "/sign-in": "/sign-in", "/sign-in/code": "/sign-in", "/me/sign-in": "/me/sign-in" };

// Answers in place of the server. A form that called for help, or answered a call, can be sent again as it was, because
// with the same key it is the same call.
async function noAnswer(request) {
  const { pathname, search } = new URL(request.url);
  const posts = request.method === "POST";
  const calls = posts ? pathname === "/alert" : pathname === "/call";
  const [heading, words, englishHeading, englishWords] = WORDS[calls ? "call" : posts ? "sent" : "opened"];
  const isSecret = posts && Object.hasOwn(SECRET_FORMS, pathname);
  const page = isSecret ? SECRET_FORMS[pathname] : pathname;
  const again = posts && !isSecret ? await formAgain(request, pathname) : linkTo(page + search, AGAIN);
  const nonce = crypto.randomUUID();
  const html = `<!DOCTYPE html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading} · 이웃사이</title>
<style nonce="${nonce}">${NO_ANSWER_STYLE}</style>
</head>
<body>
<main>
<section${calls ? ' class="call"' : ""} role="alert" data-testid="no-answer">
<h1>${heading}</h1>
<p>${words}</p>
<h2 lang="en">${englishHeading}</h2>
<p lang="en">${englishWords}</p>
</section>
<a class="call-119" href="tel:119">${CALL_119}</a>
${again}
${linkTo("/", HOME_PAGE)}
</main>
</body>
</html>`;
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy, "cache-control": "no-store" };
  return new Response(html, { status: 503, headers });
}

async function formAgain(request, action) {
  // A body that cannot be read is asked for anew, on the page that asks.
  const fields = await request.formData().catch(() => undefined);
  if (!fields) return linkTo("/call", AGAIN);
  const inputs = [...fields].map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`);
  return `<form method="post" action="${escaped(action)}">${inputs.join("")}<button type="submit">${AGAIN}</button></form>`;
}

const linkTo = (address, words) => `<a href="${escaped(address)}">${words}</a>`;

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text) => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
