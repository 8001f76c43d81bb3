/** A picture that a page describes in Mermaid's language. It is drawn in the browser, once the page is there. */
import { useData } from 'vitepress';
import { defineComponent, h, onMounted, ref, watch } from 'vue';

let pictures = 0;

/** A picture that is wider than the page keeps its size, so that its text can be read, and is scrolled. */
const OWN_SIZE = { useMaxWidth: false };
const OPTIONS = {
  startOnLoad: false,
  securityLevel: 'strict',
  ...{ flowchart: OWN_SIZE, sequence: OWN_SIZE, state: OWN_SIZE },
} as const;

export const MermaidPicture = defineComponent({
  props: { source: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData();
    const drawn = ref('');
    const id = `picture-${pictures++}`;
    async function draw(): Promise<void> {
      const { default: mermaid } = await import('mermaid');
      mermaid.initialize({ ...OPTIONS, theme: isDark.value ? 'dark' : 'neutral' });
      const { svg } = await mermaid.render(id, decodeURIComponent(props.source));
      drawn.value = svg;
    }
    onMounted(draw);
    watch(isDark, draw);
    // Until it is drawn, and where scripts do not run, its description stands there.
    return () =>
      drawn.value === ''
        ? h('pre', decodeURIComponent(props.source))
        : h('div', { class: 'picture', style: { overflowX: 'auto' }, innerHTML: drawn.value });
  },
});
