/*
 * What chapter 12 taught about the number of descriptors.
 */
#ifndef LIMIT_H
#define LIMIT_H

/*
 * Raise the limit of open descriptors to the highest that this process may set
 * for itself, and say on standard output how many they are. Ends the program
 * with status 1 on errors. setrlimit(2), RLIMIT_NOFILE.
 */
void raise_limit(void);

#endif
