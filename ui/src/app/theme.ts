import { createTheme, type MantineColorsTuple } from '@mantine/core';

const sea: MantineColorsTuple = [
  '#e2f5f6', '#cbe9eb', '#9ad4d8', '#66bec4', '#3daab2', '#219ba5', '#10808b', '#0d6b78', '#075761', '#00434c',
];
const slate: MantineColorsTuple = [
  '#dfe7ee', '#b7c4d0', '#93a2b1', '#6a7987', '#3a4957', '#2b3845', '#1b252f', '#151d25', '#0e141a', '#090d12',
];

/** Dense: a person on call wants much on one screen, and nothing that shouts but failures. */
export const theme = createTheme({
  primaryColor: 'sea',
  primaryShade: { light: 7, dark: 6 },
  colors: { sea, dark: slate },
  fontFamily: "'Inter', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "'JetBrains Mono', ui-monospace, 'SF Mono', Menlo, monospace",
  fontSizes: { xs: '11px', sm: '12.5px', md: '13.5px', lg: '15px', xl: '18px' },
  headings: { fontWeight: '650' },
  defaultRadius: 'sm',
  radius: { sm: '5px', md: '8px' },
  cursorType: 'pointer',
  components: {
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true, fz: 'xs' } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35, blur: 2 } } },
  },
});
