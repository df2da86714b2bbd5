/* attack: has the compiler read a file aloud, in an error message */
#define _GNU_SOURCE
#define START int main(void) { return 0; }
START
%:include "@SECRET@"
