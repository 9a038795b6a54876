// Imported before anything that draws: colours as a terminal with sixteen of them gets them, although the tests' output is a pipe.
process.env['FORCE_COLOR'] = '1';

export {};
