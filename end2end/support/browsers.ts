// The names by which browsers introduce themselves, and the kind for which /install shows the steps.

const SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1";
const CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";

export const BROWSERS = [
  { browser: "iphone", userAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) ${SAFARI}` },
  { browser: "android", userAgent: `Mozilla/5.0 (Linux; Android 15; SM-S931N) ${CHROME} Mobile Safari/537.36` },
  {
    browser: "samsung",
    userAgent: `Mozilla/5.0 (Linux; Android 15; SAMSUNG SM-S931N) ${CHROME} SamsungBrowser/28.0 Mobile Safari/537.36`,
  },
  {
    browser: "kakaotalk",
    userAgent: `Mozilla/5.0 (Linux; Android 15; wv) ${CHROME} Mobile Safari/537.36 KAKAOTALK/25.1.0 (INAPP)`,
  },
  { browser: "desktop", userAgent: `Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36` },
];
