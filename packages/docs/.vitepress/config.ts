/** The site: what `src/site` has gathered, built by VitePress into `dist/site-built`. Needs `npm run build`. */
import { defineConfig } from 'vitepress';
import { slugOf } from '../dist/pages/markdown.js';
import { NAVIGATION } from '../dist/site/navigation.js';

export default defineConfig({
  title: 'Understudy',
  description: 'Keeps a stateful gRPC service alive when the process that runs it dies',
  srcDir: 'dist/pages-of-site',
  outDir: 'dist/site-built',
  cacheDir: 'dist/cache',
  cleanUrls: true,
  // Mermaid's own parts are larger than what is warned of; they load only with a page that has a picture.
  vite: { build: { chunkSizeWarningLimit: 3_000 } },
  markdown: {
    // Pages are written for GitHub too: no HTML, and GitHub's anchors, which the tests of links know.
    html: false,
    anchor: { slugify: slugOf },
    config(md) {
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        const token = tokens[index];
        if (token?.info.trim() !== 'mermaid') return fence?.(tokens, index, ...rest) ?? '';
        return `<MermaidPicture source="${encodeURIComponent(token.content)}" />`;
      };
    },
  },
  themeConfig: {
    sidebar: NAVIGATION.map((group) => ({ ...group, items: [...group.items] })),
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Configuration', link: '/configuration' },
      { text: 'Errors', link: '/errors' },
    ],
    outline: [2, 3],
    search: { provider: 'local' },
  },
});
