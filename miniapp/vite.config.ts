import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const backend = process.env.ARCANA_BACKEND ?? 'http://127.0.0.1:8000';

/** In development the page comes from Vite, so the project's data block is taken from the backend's page. */
function projectFromBackend(): Plugin {
  return {
    name: 'arcana-project',
    apply: 'serve',
    async transformIndexHtml(html, context) {
      const slug = (context.originalUrl ?? '/').split('/')[1];
      if (!slug) return html;
      const page = await fetch(`${backend}/${slug}/`).then((response) => response.text(), () => '');
      const block = /<script[^>]*id="arcana-project"[^>]*>[^]*?<\/script>/.exec(page);
      return html.replace('<!--arcana-project-->', block?.[0] ?? '');
    },
  };
}

export default defineConfig({
  plugins: [react(), projectFromBackend()],
  base: '/',
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: ['chrome90', 'safari15'],
    // The content security policy allows no data: addresses for fonts, and inlined pictures would grow the first load.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': backend, '/media': backend },
  },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    environment: 'node',
    restoreMocks: true,
  },
});
