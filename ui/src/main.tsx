/** Mounts the app. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "./api/queries";
import { noticeRefusals } from "./api/session";
import { createAppRouter } from "./app";
import "./styles.css";
import { applyTheme } from "./theme";

applyTheme();
const queries = createQueryClient();
noticeRefusals(queries);
const router = createAppRouter(queries);

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
