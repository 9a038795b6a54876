// The process boundary: filled in below as the commands arrive.
process.stdout.write('quiesce\n');
