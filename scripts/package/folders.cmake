# Run by cpack before it packs: folders as everybody may read them, whatever the umask of who packs.
file(GLOB_RECURSE found LIST_DIRECTORIES true "${CPACK_TEMPORARY_DIRECTORY}/*")
foreach(path ${found})
    if(IS_DIRECTORY "${path}")
        file(CHMOD "${path}" PERMISSIONS ${CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
    endif()
endforeach()
