/** Builds into the server's package; `npm run dev` talks to a server on this machine. */
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.AXONIZE_SERVER ?? "http://127.0.0.1:8080";

/** Does in development what the server does with the built page. */
const baseHref: Plugin = {
  name: "base-href",
  apply: "serve",
  transformIndexHtml: () => [{ tag: "base", attrs: { href: "/" }, injectTo: "head-prepend" }],
};

export default defineConfig({
  base: "./", // the server fills <base href>, so one build serves any path prefix
  plugins: [baseHref, react(), tailwindcss()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "../server/axonize_server/static",
    emptyOutDir: true,
    target: ["chrome123", "firefox121", "safari17.5"], // the first with light-dark()
    assetsInlineLimit: 0,
    manifest: "chunks.json", // by it the server names the code of a page before the app asks for it
    rolldownOptions: {
      // What two pages share is one file: at six connections each small one costs a round trip.
      output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 2 }] } },
    },
  },
  server: { proxy: { "/api": server } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
