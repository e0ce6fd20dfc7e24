import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the API: a running gennaker, or `npm run dev:api`. */
const api = process.env.GENNAKER_URL ?? 'http://127.0.0.1:8084';

export default defineConfig({
  base: '/ui/',
  plugins: [react()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1800 },
  server: { proxy: { '^/(?!ui(/|$))': { target: api } } },
  test: { include: ['src/**/*.test.{ts,tsx}'] },
});
