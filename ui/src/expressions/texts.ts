export const texts = {
  why: 'Why?',
  whyOf: (text: string) => `Why? ${text}`,
  column: (column: number) => `Column ${column}:`,
  meant: 'Did you mean',
  none: 'There is no expression in this text: one stands between ${ and }.',
  isNull: 'It gives null, so a text keeps it as it is written.',
  names: 'Names that were looked up',
  name: 'Name',
  foundIn: 'Found in',
  value: 'Value',
  noNames: 'It looks up no name.',
};
